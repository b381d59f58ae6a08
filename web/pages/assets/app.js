// What pages can do beyond showing themselves: local times, following what happens, forms that count once. Without it
// every page and every form works all the same.
"use strict";

// Times.

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const brief = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// fromNow says "in 3 hours", counts the last hour down, and says how long ago it was when nothing came of it.
function fromNow(at) {
	const seconds = (at - Date.now()) / 1000;
	if (seconds < -10) return ago(at);
	if (seconds <= 0) return "any moment now";
	if (seconds < 3600) return `in ${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
	const [unit, length] = units.find(([, length]) => seconds >= 2 * length) ?? units[3];
	return relative.format(Math.floor(seconds / length), unit);
}

function ago(at) {
	const seconds = (Date.now() - at) / 1000;
	if (seconds > 2 * 86400) return brief.format(at);
	if (seconds < 5) return "just now"; // clocks differ a little
	const [unit, length] = units.find(([, length]) => seconds >= length);
	return relative.format(-Math.floor(seconds / length), unit);
}

const wordings = { moment: ago, left: fromNow, clock: at => clock.format(at) };

function tick() {
	for (const element of document.querySelectorAll("time[data-as]")) {
		const at = new Date(element.dateTime);
		const text = wordings[element.dataset.as](at);
		if (element.textContent !== text) element.textContent = text;
		if (!element.dataset.exact) element.title = element.dataset.exact = exact.format(at);
	}
}

function prepare() {
	const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
	for (const input of document.querySelectorAll("[data-zone]")) input.value = zone;
	for (const name of document.querySelectorAll("[data-zone-name]")) name.textContent = zone;
	tick();
}

// Following. One tab of the browser listens for all of them, because browsers allow few connections to one site.

const shared = new BroadcastChannel("slipway");
let asking = false;
let askAgain = false;

function concerns(id) {
	const watch = document.body.dataset.watch;
	return watch && (id === "*" || watch === "*" || watch === id);
}

function heard(id) {
	if (concerns(id)) refresh();
}

async function refresh() {
	if (asking) {
		askAgain = true;
		return;
	}
	asking = true;
	try {
		const response = await fetch(location.href, { headers: { Accept: "text/html" } });
		if (response.redirected) location.reload(); // signed out meanwhile
		show(new DOMParser().parseFromString(await response.text(), "text/html"));
	} catch { /* the server is away: the page stays as it is, and asks again when it hears something */ }
	await new Promise(done => setTimeout(done, document.body.dataset.watch === "*" ? 500 : 50));
	asking = false;
	if (askAgain) {
		askAgain = false;
		refresh();
	}
}

function show(fresh) {
	if (document.body.dataset.watch !== fresh.body.dataset.watch) return;
	const before = document.querySelector("#head .state")?.textContent;
	for (const old of document.querySelectorAll("[data-live]")) {
		const now = fresh.getElementById(old.id);
		if (now && plain(now) !== plain(old)) replace(old, document.adoptNode(now));
	}
	prepare();
	const after = document.querySelector("#head .state")?.textContent;
	if (before !== after) document.getElementById("told").textContent = `Now ${after}`;
}

// plain is a part without what differs each time it is asked for, or what we changed ourselves.
function plain(element) {
	const copy = element.cloneNode(true);
	for (const time of copy.querySelectorAll("time")) time.replaceWith(time.dateTime);
	for (const input of copy.querySelectorAll("[name=request_id]")) input.remove();
	for (const open of copy.querySelectorAll("details[open]")) open.removeAttribute("open");
	return copy.innerHTML;
}

// replace keeps what somebody has opened, and above all what they are typing, with the revision that they have seen.
function replace(old, now) {
	for (const details of old.querySelectorAll("details[open]")) {
		const same = details.id && now.querySelector("#" + details.id);
		const typing = details.querySelector("form.touched");
		if (same && typing) same.replaceWith(details);
		else if (same) same.open = true;
		else if (typing) {
			keepApart(details);
			now.append(details);
		}
	}
	const focused = old.contains(document.activeElement) && document.activeElement;
	const id = focused && (focused.id || focused.closest("[id]").id);
	old.replaceWith(now);
	if (focused && document.contains(focused)) focused.focus();
	else if (focused && id && document.getElementById(id)) document.getElementById(id).querySelector("summary, a, button")?.focus();
}

// keepApart leaves what was being written where it can be copied, though it can no longer be sent.
function keepApart(details) {
	if (details.classList.contains("gone")) return;
	const note = document.createElement("p");
	note.textContent = "This is no longer possible. What you wrote stays here for you to copy.";
	details.classList.add("gone");
	details.querySelector("form").prepend(note);
	for (const button of details.querySelectorAll("button")) button.disabled = true;
}

function listen() {
	const source = new EventSource("/live");
	const tell = id => {
		heard(id);
		shared.postMessage(id);
	};
	source.onopen = () => tell("*"); // something may have happened before
	source.onmessage = event => tell(JSON.parse(event.data));
	return new Promise(done => {
		source.onerror = () => {
			if (source.readyState === EventSource.CLOSED) setTimeout(done, 2000);
		};
	});
}

async function follow() {
	if (!document.body.dataset.watch) return;
	shared.onmessage = event => heard(event.data);
	refresh(); // what happened since the page was made
	for (;;) await (navigator.locks ? navigator.locks.request("slipway-live", listen) : listen());
}

// Forms.

document.addEventListener("input", event => event.target.form?.classList.add("touched"));

document.addEventListener("submit", event => {
	const form = event.target;
	if (!form.hasAttribute("data-once")) return;
	if (form.dataset.sent) return event.preventDefault();
	if (event.submitter?.formAction.endsWith("/preview")) {
		event.preventDefault();
		return preview(form, event.submitter.formAction);
	}
	form.dataset.sent = "yes";
	for (const button of form.querySelectorAll("button")) button.disabled = true;
	if (form.hasAttribute("data-upload")) {
		event.preventDefault();
		upload(form);
	}
});

// A page that the browser brings back from its memory may be old, and its forms were sent.
addEventListener("pageshow", event => {
	if (event.persisted) location.reload();
});

let previews = 0;

async function preview(form, address) {
	const turn = ++previews;
	const response = await fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)) });
	const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
	if (turn !== previews) return; // a later one is on its way
	const problem = fresh.querySelector("[role=alert]");
	document.getElementById("preview").replaceChildren(...(problem ? [problem] : fresh.getElementById("preview")?.childNodes ?? []));
	prepare();
}

function upload(form) {
	const progress = form.querySelector("progress");
	const request = new XMLHttpRequest();
	progress.hidden = false;
	request.upload.onprogress = event => { progress.value = 100 * event.loaded / event.total; };
	request.onload = () => {
		if (request.status < 400) return location.assign(request.responseURL);
		const fresh = new DOMParser().parseFromString(request.responseText, "text/html");
		const main = document.querySelector("main");
		main.replaceChildren(...document.adoptNode(fresh.querySelector("main")).childNodes);
		main.focus();
		prepare();
	};
	request.onerror = () => {
		delete form.dataset.sent;
		for (const button of form.querySelectorAll("button")) button.disabled = false;
		document.getElementById("told").textContent = "The upload broke off; try again.";
	};
	request.open("POST", form.action);
	request.send(new FormData(form));
}

let planTyped;
document.addEventListener("input", event => {
	const form = event.target.form;
	const button = form?.querySelector("[formaction$=preview]");
	if (!button) return;
	clearTimeout(planTyped);
	planTyped = setTimeout(() => preview(form, button.formAction), 250);
	if (event.target.name === "plan") document.getElementById("own-plan").open = event.target.value === "own";
});

prepare();
setInterval(tick, 1000);
follow();
