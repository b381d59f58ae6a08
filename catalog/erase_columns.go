package catalog

// columnKind says what of people is in a column.
type columnKind int

const (
	// hasNone: nothing.
	hasNone columnKind = iota
	// hasPerson: the name of one.
	hasPerson
	// hasPeople: the names of some, a line each.
	hasPeople
	// hasText: what people, or sentences of ours, may say about one.
	hasText
	// hasJSON: a document with some of its members.
	hasJSON
	// hasRecord: the same, chained by a hash.
	hasRecord
	// isAbout: the whole row is about the person, and goes.
	isAbout
)

// columnKinds are all columns of texts, of all tables: a test holds them against the tables. What a person is called in host apps
// (testers), what mini-programs are called, and to which addresses subscriptions go is nothing of a person.
var columnKinds = map[string]map[string]columnKind{
	"changes": {
		"mini_program": hasNone, "life": hasNone, "record": hasRecord, "actor": hasPerson, "request_id": hasNone, "outcome": hasJSON,
		"previous": hasNone, "salt": hasNone, "content": hasNone, "hash": hasNone,
	},
	"mini_programs": {
		"id": hasNone, "life": hasNone, "title": hasNone, "team": hasNone, "state": hasNone, "candidate_version": hasNone,
		"candidate_sha256": hasNone, "live_version": hasNone, "search": hasNone, "document": hasJSON, "standing": hasNone, "turn": hasNone,
		"brief": hasJSON, "assignee": hasPerson, "open_roles": hasNone, "barred": hasPeople, "waits_for": hasNone,
	},
	"releases":            {"mini_program": hasNone, "serving": hasNone, "candidate": hasNone},
	"served_packages":     {"sha256": hasNone, "mini_program": hasNone},
	"reports":             {"sha256": hasNone, "version": hasNone, "report": hasNone},
	"sessions":            {"token": hasNone, "data": hasNone, "person": isAbout},
	"grants":              {"session": hasNone, "data": hasNone, "person": isAbout},
	"mini_program_counts": {"team": hasNone, "state": hasNone},
	"settings":            {"digest": hasNone, "settings": hasNone},
	"tokens": {
		"id": hasNone, "hash": hasNone, "name": hasNone, "kind": hasNone, "team": hasNone, "actions": hasNone, "made_by": hasPerson,
		"revoked_by": hasPerson,
	},
	"expedited":     {"mini_program": hasNone, "life": hasNone, "team": hasNone},
	"feedback":      {"mini_program": hasNone, "version": hasNone},
	"saved_filters": {"person": isAbout, "name": hasNone, "query": hasText},
	"platform":      {"document": hasJSON},
	"subscriptions": {
		"name": hasNone, "channel": hasNone, "choice": hasNone, "target": hasNone, "secret": hasNone, "made_by": hasPerson, "error": hasText,
		"sealed_by": hasNone,
	},
	"undelivered": {"subscription": hasNone, "recipient": isAbout, "mini_program": hasNone, "error": hasText},
	"mailed":      {"subscription": hasNone, "recipient": isAbout, "mini_program": hasNone},
	"people": {
		"person": isAbout, "email": hasNone, "language": hasNone, "roles": hasNone, "teams": hasNone, "muted": hasNone,
	},
	"fleet_acts":    {"id": hasNone, "begun_by": hasPerson, "action": hasNone, "request": hasJSON, "cancelled_by": hasPerson},
	"fleet_answers": {"act": hasNone, "mini_program": hasNone, "team": hasNone, "standing": hasNone, "code": hasNone, "outcome": hasJSON},
	"health_values": {"mini_program": hasNone, "rule": hasNone, "version": hasNone, "answer": hasNone},
	"erased":        {"hash": hasNone, "pseudonym": hasNone},
	"erasure_salt":  {"salt": hasNone},
}
