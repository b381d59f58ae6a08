// Package audit is the audit trail outside the database: how its records are chained by hashes, how they are exported, and how an export is
// verified without the database. docs/audit.md describes the form for others who verify.
package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"slipway/lifecycle"
)

// Entry is one record of the audit trail with its place in the chain of its mini-program's life.
type Entry struct {
	MiniProgram string `json:"id"`
	Life        string `json:"life"`
	Change      int64  `json:"change"`
	// Previous is the hash of the record before it in the same life; "" for the first.
	Previous string `json:"previous"`
	// Salt was hashed with the text, so that nobody finds out by trying what an erased text said. An erasure exchanges it.
	Salt string `json:"salt"`
	// Content is the hash of salt and text as they were recorded; an erasure leaves it.
	Content string `json:"content"`
	// Hash is what the next record carries as its Previous.
	Hash string `json:"hash"`
	// Text is the record, byte for byte as it is stored. It is mostly, but not necessarily, a JSON object.
	Text string `json:"-"`
}

const (
	// PlatformID stands where entries name their mini-program for what was done to the platform.
	PlatformID = "@platform"
	// ErasuresLife is the life of the platform's trail in which erasures of names are recorded.
	ErasuresLife = "erasures"
	// EraseUser is the action of the records that say which records an erasure has changed.
	EraseUser lifecycle.Action = "erase-user"
)

// IsErasure tells whether the entry is in the chain that says what erasures have changed.
func (e Entry) IsErasure() bool { return e.MiniProgram == PlatformID && e.Life == ErasuresLife }

// NewSalt is one that nobody guesses.
func NewSalt() string { return rand.Text() }

// ContentOf is the hash of a record's text with its salt.
func ContentOf(salt, text string) string { return digest(salt + "\n" + text) }

// Chained is the entry behind one with the hash previous, under a salt of its own.
func (e Entry) Chained(previous string) Entry {
	e.Previous, e.Salt = previous, NewSalt()
	e.Content = ContentOf(e.Salt, e.Text)
	e.Hash = e.Link()
	return e
}

// Link is the hash of the entry's place in the chain and of its content: what Hash has to be.
func (e Entry) Link() string {
	return digest(e.Previous + "\n" + e.MiniProgram + "\n" + e.Life + "\n" + strconv.FormatInt(e.Change, 10) + "\n" + e.Content)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// record is the text as a JSON value: itself where it is an object, else a string.
func (e Entry) record() json.RawMessage {
	if isObject(e.Text) {
		return json.RawMessage(e.Text)
	}
	text, _ := json.Marshal(e.Text) // a string can always be written
	return text
}

// isObject tells whether a text can stand as an object in a line of JSON without being changed.
func isObject(text string) bool {
	return len(text) > 0 && text[0] == '{' && json.Valid([]byte(text)) && isCompact(text)
}

// isCompact tells whether there is nothing between the tokens: what is written by Go has nothing there.
func isCompact(text string) bool {
	inString, escaped := false, false
	for i := range len(text) {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			return false
		}
	}
	return true
}

// textOf is the text of a JSON value that record has made.
func textOf(value json.RawMessage) (string, error) {
	if len(value) == 0 || value[0] != '"' {
		return string(value), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err
}
