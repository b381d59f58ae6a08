// What pages can do beyond showing themselves: local times, following what happens, forms that count once. Without it
// every page and every form works all the same. It is a module, so that nothing in it is global.

// Words. What is said is looked up by its English text, which is also what is said where the page has no other words for it.

const dictionary = JSON.parse(document.body.dataset.words ?? "{}");

// phrase is a sentence in pieces; a text or an element takes the place of each %s.
function phrase(key, ...parts) {
	return (dictionary[key] ?? key).split("%s").flatMap((text, i) => i ? [parts[i - 1], text] : [text]);
}

const t = (key, ...parts) => phrase(key, ...parts).join("");

// Times.

// Times are worded in the language of the page, in the reader's way of it when they have one.
const language = document.documentElement.lang;
const base = tag => {
	const { language, script } = new Intl.Locale(tag).maximize(); // Chinese may be in either script
	return language + script;
};
const locale = navigator.languages.find(known => base(known) === base(language)) ?? language;
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const brief = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// fromNow says "in 3 hours", counts the last hour down, and says how long ago it was when nothing came of it.
function fromNow(at) {
	const seconds = (at - Date.now()) / 1000;
	if (seconds < -10) return ago(at);
	if (seconds < 1) return t("any moment now");
	if (seconds < 60) return t("in %s s", Math.floor(seconds));
	if (seconds < 3600) return t("in %s min %s s", Math.floor(seconds / 60), Math.floor(seconds % 60));
	const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? units[3];
	return relative.format(Math.floor(seconds / length), unit);
}

function ago(at) {
	const seconds = (Date.now() - at) / 1000;
	if (seconds > 2 * 86400) return brief.format(at);
	if (seconds < 5) return t("just now"); // clocks differ a little
	const [unit, length] = units.find(([, length]) => seconds >= length);
	return relative.format(-Math.floor(seconds / length), unit);
}

const formats = { moment: ago, left: fromNow, clock: at => clock.format(at), minute: at => brief.format(at) };
for (const [scale, options] of Object.entries({
	second: { timeStyle: "medium" }, minute: { timeStyle: "short" }, hour: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" },
	day: { month: "short", day: "numeric" }, date: { dateStyle: "medium" },
})) formats["tick-" + scale] = new Intl.DateTimeFormat(locale, options).format;

function tick() {
	for (const element of document.querySelectorAll("[data-as]")) {
		const at = new Date(element.dateTime ?? element.dataset.at);
		const text = formats[element.dataset.as](at);
		if (element.textContent !== text) element.textContent = text;
		if (!element.dataset.exact) element.title = element.dataset.exact = exact.format(at);
	}
}

let progress; // asks again, while a page shows how far something is that is no change of a mini-program

function prepare() {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	for (const input of document.querySelectorAll("[data-zone]")) { // times that are there already were typed in another zone, perhaps
		if (!input.form.querySelector("[type=datetime-local]:not([value=''])")) input.value = zone;
	}
	for (const name of document.querySelectorAll("[data-zone-name]")) {
		name.textContent = name.closest("form")?.querySelector("[data-zone]")?.value ?? zone;
	}
	tick();
	clearTimeout(progress);
	if (document.querySelector("[data-progress]")) progress = setTimeout(refresh, 1000);
}

// Connection. What keeps a page from being up to date is said at its top; what was typed stays.

const page = document.body.dataset;
let trouble = ""; // "", lost, out or other

function say(kind, ...parts) {
	if (trouble === kind) return;
	trouble = kind;
	document.getElementById("connection").replaceChildren(...(kind ? [paragraph("notice warn", ...parts)] : []));
}

function paragraph(className, ...parts) {
	const made = document.createElement("p");
	made.className = className;
	made.append(...parts);
	return made;
}

function link(text, address, target) {
	return Object.assign(document.createElement("a"), { textContent: text, href: address, target });
}

function lost(what = t("Connection lost.")) {
	if (trouble) return;
	say("lost", what, " ", t("What you see may be out of date; what you typed stays here."), " ",
		t("This page continues by itself when the server is back."));
	again();
}

// again asks until the server is back.
async function again() {
	while (trouble === "lost") {
		await new Promise(done => setTimeout(done, 2000));
		await refresh();
	}
}

function signedOut() {
	const signIn = link(t("Sign in again"), "/sign-in?next=" + encodeURIComponent(location.pathname + location.search), "_blank");
	say("out", ...phrase("You are signed out. What you typed stays here. %s in another tab, and this page continues.", signIn));
	leave();
}

function somebodyElse(person) {
	stand(t("%s is now signed in in this browser. This page was made for %s.", person, page.person));
}

// replaced keeps a decision on one package from being taken while looking at another. What somebody is writing is not thrown away for that.
function replaced() {
	if (!document.querySelector(inUse)) return location.reload();
	stand(t("Another package was uploaded as this version. This page is about the one before."));
}

// stand leaves a page as it is: nothing is sent from it, and it follows nothing.
function stand(why) {
	say("other", why, " ", ...phrase("%s when you no longer need what is on it.", link(t("Reload it"), location.href, "")));
	leave();
}

// fine is what a page is when the server answers it. What waited for that is sent; its request id makes it count once.
function fine() {
	const before = trouble;
	const waits = document.querySelector("form[data-waits]");
	say("");
	if (before === "out") follow();
	if (before && waits) send(waits);
}

// met is what a page says of who is signed in: this one goes on with its own person only.
function met(person) {
	if (!page.person || trouble === "other") return;
	if (person && person !== page.person) somebodyElse(person);
	else if (person && trouble === "out") fine();
}

// Following. One tab of the browser listens for all of a person, because browsers allow few connections to one site.

const shared = new BroadcastChannel("slipway");
let asking = false;
let askAgain = false;

function concerns(id) {
	return id === "*" || id === "@platform" || page.watch === "*" || page.watch === id;
}

function heard({ id, person }) {
	if (person) met(person);
	if (id && concerns(id)) refresh();
}

async function refresh() {
	if (trouble === "other") return;
	if (asking) {
		askAgain = true;
		return;
	}
	asking = true;
	try {
		const response = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10000) });
		take(response, await response.text());
	} catch {
		lost();
	}
	await new Promise(done => setTimeout(done, page.watch === "*" ? 500 : 50));
	asking = false;
	if (askAgain) {
		askAgain = false;
		refresh();
	}
}

function take(response, text) {
	if (response.redirected && new URL(response.url).pathname === "/sign-in") return signedOut();
	const isPage = response.headers.get("Content-Type")?.startsWith("text/html");
	if (!isPage || response.status >= 500 || response.status === 429) return lost(t("The server cannot show this page at the moment."));
	const fresh = new DOMParser().parseFromString(text, "text/html");
	if (fresh.body.dataset.person && fresh.body.dataset.person !== page.person) return somebodyElse(fresh.body.dataset.person);
	fine();
	show(fresh);
}

function show(fresh) {
	if (!page.watch && !document.querySelector("[data-progress]")) { // all else may be another page
		return morph(document.getElementById("line"), fresh.getElementById("line"));
	}
	if (page.watch !== fresh.body.dataset.watch) return;
	if (page.page !== fresh.body.dataset.page) return location.reload(); // what was awaited is there
	if (page.of !== fresh.body.dataset.of) return replaced();
	if (language !== fresh.documentElement.lang && !document.querySelector(inUse)) return location.reload(); // chosen in another tab
	const before = document.querySelector("#head .state")?.textContent;
	for (const old of document.querySelectorAll("[data-live]")) {
		const now = fresh.getElementById(old.id);
		if (now) morph(old, now);
	}
	prepare();
	const after = document.querySelector("#head .state")?.textContent;
	if (before !== after) document.getElementById("told").textContent = t("Now %s", after);
}

// inUse are forms that stay as they are, with the revision that their sender has seen and the request id that makes them count once.
const inUse = "form.touched, form[data-sent], form[data-waits], form:has(.told)";

// morph makes a part what it is now. What somebody has opened stays open, what is in use stays, and so does the focus.
function morph(old, now) {
	const focused = old.contains(document.activeElement) && document.activeElement;
	const place = focused && focused.closest("[id]").id;
	for (const part of old.querySelectorAll("details[id]:has(form.touched), form[id].touched")) {
		if (now.querySelector("#" + part.id)) continue;
		keepApart(part);
		now.append(part.cloneNode(true)); // else it would be removed
	}
	Idiomorph.morph(old, now, {
		callbacks: {
			beforeNodeMorphed: (node, fresh) => !node.matches?.(inUse) && !(node.localName === "time" && node.dateTime === fresh.dateTime),
			beforeAttributeUpdated: (name, node) => !(name === "open" && node.localName === "details"),
		},
	});
	if (!focused || document.activeElement === focused) return;
	(document.contains(focused) ? focused : document.getElementById(place)?.querySelector("summary, a, button"))?.focus();
}

// keepApart leaves what was being written where it can be copied, though it can no longer be sent.
function keepApart(part) {
	if (part.classList.contains("gone")) return;
	part.classList.add("gone");
	const form = part.matches("form") ? part : part.querySelector("form");
	form.prepend(paragraph("", t("This is no longer possible. What you typed stays here for you to copy.")));
	for (const button of form.querySelectorAll("button")) button.disabled = true;
}

let leave = () => {}; // ends listening

// listen holds the connection until it is of no use any more. The page also asks when the browser opens a stream anew by itself, and now and
// then whether the server is still there, which may have gone away without a word.
function listen() {
	const source = new EventSource("/live");
	const tell = id => {
		heard({ id });
		shared.postMessage({ id });
	};
	source.onopen = () => tell("*"); // something may have happened before
	source.onmessage = event => tell(JSON.parse(event.data));
	return new Promise(done => {
		const end = () => {
			clearInterval(asks);
			source.close();
			done();
		};
		const asks = setInterval(() => fetch("/healthz", { signal: AbortSignal.timeout(8000) }).catch(() => {
			tell("*");
			end();
		}), 20000);
		leave = end;
		source.onerror = () => {
			tell("*");
			if (source.readyState === EventSource.CLOSED) setTimeout(end, 2000);
		};
	});
}

let following = false;

async function follow() {
	if (!page.person || following) return;
	following = true;
	refresh(); // what happened since the page was made
	const name = "slipway-live " + page.person;
	while (!trouble || trouble === "lost") await (navigator.locks ? navigator.locks.request(name, held) : held());
	following = false;
}

// held is listening, unless the page was told to stop while it waited for its turn.
function held() {
	return trouble && trouble !== "lost" ? undefined : listen();
}

// Forms.

document.addEventListener("input", event => event.target.form?.classList.add("touched"));

document.addEventListener("submit", event => {
	const form = event.target;
	if (!form.hasAttribute("data-once")) return;
	event.preventDefault();
	if (form.dataset.sent || trouble === "other") return;
	if (event.submitter?.formAction.endsWith("/preview")) return preview(form, event.submitter.formAction);
	send(form);
});

function dead(form, isDead) {
	if (isDead) form.dataset.sent = "yes";
	else delete form.dataset.sent;
	for (const button of form.querySelectorAll("button")) button.disabled = isDead;
	for (const progress of form.querySelectorAll("progress")) Object.assign(progress, { hidden: !isDead, value: 0 });
}

// send sends a form and goes where it leads. What was refused is shown in place; whatever else comes is said above the form, which stays.
function send(form) {
	dead(form, true);
	const isUpload = form.hasAttribute("data-upload");
	const request = new XMLHttpRequest();
	const progress = form.querySelector("progress");
	if (progress) request.upload.onprogress = event => { progress.value = 100 * event.loaded / event.total; };
	request.onload = () => answered(form, request);
	request.onerror = () => {
		if (!isUpload && !form.dataset.waits) {
			form.dataset.waits = "yes";
			tellAt(form, t("Connection lost. This will be sent, once, when the server is back."));
			return lost();
		}
		delete form.dataset.waits;
		dead(form, false);
		tellAt(form, t("This did not arrive: the connection was lost. What you typed stays here; send it again."));
	};
	request.open("POST", form.action);
	request.send(isUpload ? new FormData(form) : new URLSearchParams(new FormData(form)));
}

function answered(form, request) {
	const fresh = new DOMParser().parseFromString(request.responseText, "text/html");
	const isPage = request.getResponseHeader("Content-Type")?.startsWith("text/html");
	const arrived = new URL(request.responseURL);
	if (arrived.pathname !== new URL(form.action).pathname) return arrive(arrived);
	const content = isPage && fresh.getElementById("content");
	if (content && (request.status < 400 || content.querySelector("#action, form.action-form"))) {
		document.getElementById("content").replaceChildren(...document.adoptNode(content).childNodes);
		document.getElementById("main").focus();
		scrollTo(0, 0);
		prepare();
		return;
	}
	delete form.dataset.waits;
	dead(form, false);
	if (request.status === 401) signedOut();
	const said = isPage ? fresh.querySelector("[role=alert]")?.textContent : request.responseText.slice(0, 500);
	tellAt(form, said || t("The server cannot answer at the moment; send it again."));
}

function arrive(address) {
	if (address.href === location.href) location.reload();
	else location.assign(address);
}

// tellAt says above a form what came of it.
function tellAt(form, text) {
	const note = form.querySelector(".told") ?? paragraph("notice bad told");
	note.setAttribute("role", "alert");
	note.textContent = text;
	form.prepend(note);
}

// A page that the browser brings back from its memory may be old, and its forms were sent.
addEventListener("pageshow", event => {
	if (event.persisted) location.reload();
});

let previews = 0;

// preview shows what the plan that is being typed comes to, or why that cannot be shown.
async function preview(form, address) {
	const turn = ++previews;
	let fresh;
	try {
		const body = new URLSearchParams(new FormData(form));
		const response = await fetch(address, { method: "POST", body, signal: AbortSignal.timeout(10000) });
		fresh = new DOMParser().parseFromString(await response.text(), "text/html");
	} catch {
		fresh = document.implementation.createHTMLDocument();
	}
	if (turn !== previews) return; // a later one is on its way
	const shown = fresh.querySelector("[role=alert]") ?? fresh.getElementById("preview");
	const none = paragraph("notice warn", t("The preview cannot be shown at the moment."));
	document.getElementById("preview").replaceChildren(...(shown?.id ? shown.childNodes : [shown ?? none]));
	const moments = fresh.getElementById("moments");
	if (moments) Idiomorph.morph(document.getElementById("moments"), moments);
	prepare();
}

// A slash leads to the search, unless somebody writes one.
document.addEventListener("keydown", event => {
	if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
	if (event.target.closest("input, textarea, select, [contenteditable]")) return;
	event.preventDefault();
	document.getElementById("search")?.select();
});

let planTyped;
document.addEventListener("input", event => {
	const form = event.target.form;
	if (event.target.name === "plan") document.getElementById("own-plan").open = event.target.value === "own";
	const button = form?.querySelector("[formaction$=preview]");
	if (!button) return;
	clearTimeout(planTyped);
	planTyped = setTimeout(() => preview(form, button.formAction), 250);
});

prepare();
setInterval(tick, 1000);
shared.onmessage = event => heard(event.data);
if (page.person) shared.postMessage({ person: page.person });
follow();
