package accounts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"slipway/database"
	"slipway/lifecycle"
)

// Person is somebody who signed in, as they are written to.
type Person struct {
	lifecycle.Actor
	// Email is an address that the identity provider has verified; "" when there is none.
	Email string
	// Language is the tag of the language of their pages.
	Language string
	// Muted are the kinds of mail that they do not want.
	Muted []string
}

// People keeps who signed in.
type People struct{ db *database.DB }

// NewPeople are the people in a database with the catalogue's tables.
func NewPeople(db *database.DB) People { return People{db} }

const (
	selectPeople = `SELECT person, email, language, roles, teams, muted FROM people`
	notePerson   = `
		INSERT INTO people (person, email, language, roles, teams, muted, seen_at) VALUES ($1, $2, $3, $4, $5, '[]', $6)
		ON CONFLICT (person) DO UPDATE SET email = excluded.email, roles = excluded.roles, teams = excluded.teams, seen_at = excluded.seen_at,
			language = CASE WHEN excluded.language <> '' THEN excluded.language ELSE people.language END`
)

// Note keeps what is known of a person who signs in, or whose roles were asked for anew; a language of "" leaves that which is kept.
func (p People) Note(ctx context.Context, person Person, at time.Time) error {
	roles, err1 := json.Marshal(person.Roles)
	teams, err2 := json.Marshal(person.Teams)
	err := errors.Join(err1, err2)
	if err == nil {
		_, err = p.db.Exec(ctx, notePerson, database.Text(person.User), database.Text(person.Email), database.Text(person.Language),
			database.Text(string(roles)), database.Text(string(teams)), database.Time(at))
	}
	if err != nil {
		return fmt.Errorf("note a person: %w", err)
	}
	return nil
}

// Find reads a person; found is false for one who never signed in.
func (p People) Find(ctx context.Context, user string) (person Person, found bool, err error) {
	people, err := database.Collect(ctx, p.db.Select(selectPeople+` WHERE person = $1`), scanPerson, database.Text(user))
	if err != nil {
		return Person{}, false, fmt.Errorf("read a person: %w", err)
	}
	if len(people) == 0 {
		return Person{}, false, nil
	}
	return people[0], true, nil
}

// WithMail reads the people who can be written to and signed in after a time: of others nobody knows which roles they have by now.
func (p People) WithMail(ctx context.Context, after time.Time) ([]Person, error) {
	people, err := database.Collect(ctx, p.db.Select(selectPeople+` WHERE email <> '' AND seen_at > $1 ORDER BY person`), scanPerson,
		database.Time(after))
	if err != nil {
		return nil, fmt.Errorf("read the people with mail: %w", err)
	}
	return people, nil
}

func scanPerson(row *sql.Rows) (person Person, err error) {
	var roles, teams, muted string
	if err = row.Scan(&person.User, &person.Email, &person.Language, &roles, &teams, &muted); err == nil {
		err = errors.Join(json.Unmarshal([]byte(roles), &person.Roles), json.Unmarshal([]byte(teams), &person.Teams),
			json.Unmarshal([]byte(muted), &person.Muted))
	}
	return person, err
}

// Prefer keeps which kinds of mail a person does not want, and the language of the others.
func (p People) Prefer(ctx context.Context, user string, muted []string, language string) error {
	kinds, err := json.Marshal(append([]string{}, muted...))
	if err == nil {
		_, err = p.db.Exec(ctx, `UPDATE people SET muted = $2, language = $3 WHERE person = $1`, database.Text(user),
			database.Text(string(kinds)), database.Text(language))
	}
	if err != nil {
		return fmt.Errorf("keep what a person is mailed about: %w", err)
	}
	return nil
}
