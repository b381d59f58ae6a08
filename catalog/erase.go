package catalog

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"slipway/audit"
	"slipway/database"
	"slipway/lifecycle"
)

// erasedPrefix begins pseudonyms; nobody is called so.
const erasedPrefix = "erased-"

// eraseBatch is how many rows a transaction changes: commits wait no longer for it.
const eraseBatch = 100

// Erasure is what came of erasing a person's name.
type Erasure struct {
	// Pseudonym stands in the place of the name from now on.
	Pseudonym string `json:"pseudonym"`
	// Records are those of the audit trail that were changed, Rows what else was changed or deleted.
	Records int `json:"records"`
	Rows    int `json:"rows"`
	// Unproven are records that were not as they had been recorded: the name is gone from them too, and verification goes on naming them.
	Unproven int `json:"unproven,omitempty"`
}

// EraseUser replaces a person's name by a pseudonym, everywhere in the database, and deletes what is about the person only: sessions,
// settings, saved filters, mail. It takes some rows at a time, while the product runs; after an error, begin again. What running workflows
// still know of the person is replaced whenever they commit, until the person acts again. The error is ErrInvalid for a name that is none.
func (c *Catalog) EraseUser(ctx context.Context, name string, by lifecycle.Actor) (Erasure, error) {
	reserved := []string{"", lifecycle.Everybody, lifecycle.Timers.User, lifecycle.HealthGate.User}
	if slices.Contains(reserved, name) || strings.HasPrefix(name, erasedPrefix) || database.Text(name) != name {
		return Erasure{}, fmt.Errorf("%w name %.100q: it is nobody's", ErrInvalid, name)
	}
	pseudonym, err := c.rememberErased(ctx, name)
	erasure := Erasure{Pseudonym: pseudonym}
	if err == nil {
		err = c.chainLate(ctx) // before anything is said about its hash
	}
	for _, table := range slices.Sorted(maps.Keys(columnKinds)) {
		for _, column := range slices.Sorted(maps.Keys(columnKinds[table])) {
			if err == nil {
				err = c.eraseColumn(ctx, &eraser{name: name, by: by, names: oneName(name, pseudonym), Erasure: &erasure}, table, column)
			}
		}
	}
	if err != nil {
		return erasure, fmt.Errorf("erase a person's name: %w", err)
	}
	c.db.Notify()
	return erasure, nil
}

// rememberErased keeps the hash of a name with its pseudonym: that of before, when the name was erased before.
func (c *Catalog) rememberErased(ctx context.Context, name string) (pseudonym string, err error) {
	err = c.db.Transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		number, err := c.statements.next(ctx, tx)
		var salt string
		if err == nil {
			err = tx.QueryRowContext(ctx, `SELECT salt FROM erasure_salt`).Scan(&salt)
		}
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO erased (hash, pseudonym, number) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`,
			hashOfName(salt, name), erasedPrefix+strings.ToLower(rand.Text()[:10]), number)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT pseudonym FROM erased WHERE hash = $1`, hashOfName(salt, name)).Scan(&pseudonym)
	})
	return pseudonym, err
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// eraser is an erasure on its way.
type eraser struct {
	name string
	by   lifecycle.Actor
	names
	*Erasure
	// again says that there may be more: something was changed, or has changed meanwhile.
	again bool
}

// eraseColumn does what the kind of a column asks for.
func (c *Catalog) eraseColumn(ctx context.Context, e *eraser, table, column string) error {
	switch kind := columnKinds[table][column]; kind {
	case hasNone:
		return nil
	case isAbout:
		return c.eraseAbout(ctx, e, table, column)
	default:
		for e.again = true; e.again; { // until nothing is left, for rows may move while others write
			e.again = false
			if err := c.eraseOnce(ctx, e, table, column, kind); err != nil {
				return err
			}
		}
		return nil
	}
}

func (c *Catalog) eraseOnce(ctx context.Context, e *eraser, table, column string, kind columnKind) error {
	rows, err := c.rowsWith(ctx, table, column, e.name)
	for batch := range slices.Chunk(rows, eraseBatch) {
		if err != nil {
			return err
		}
		err = c.db.TransactWithin(ctx, database.LongTimeout, func(ctx context.Context, tx *sql.Tx) error {
			if kind == hasRecord {
				return c.eraseRecords(ctx, tx, e, batch)
			}
			return c.eraseRows(ctx, tx, e, table, column, batch)
		})
	}
	return err
}

// eraseAbout deletes the rows about a person. Beside the sessions are drafts that have the name in their key.
func (c *Catalog) eraseAbout(ctx context.Context, e *eraser, table, column string) error {
	statements := []string{`DELETE FROM ` + table + ` WHERE ` + column + ` = $1`}
	if table == "sessions" {
		statements = []string{
			`DELETE FROM sessions WHERE person = $1`,
			`DELETE FROM sessions WHERE ` + c.contains("token", "$1"),
		}
	}
	for i, statement := range statements {
		name := e.name
		if i == 1 {
			name = fmt.Sprintf("%q", name) // as drafts are named
		}
		deleted, err := c.db.ExecWithin(ctx, database.LongTimeout, statement, name)
		if err != nil {
			return err
		}
		e.Rows += int(deleted)
	}
	return nil
}

func (c *Catalog) contains(column, part string) string {
	if c.db.IsSQLite() {
		return "instr(" + column + ", " + part + ") > 0"
	}
	return "strpos(" + column + ", " + part + ") > 0"
}

// rowID names the rows of any table, and rowIs finds one by the first argument of a statement.
func (c *Catalog) rowID() string {
	if c.db.IsSQLite() {
		return "rowid"
	}
	return "ctid::text"
}

func (c *Catalog) rowIs() string {
	if c.db.IsSQLite() {
		return "rowid = $1"
	}
	return "ctid = $1::text::tid"
}

// rowsWith finds the rows that have a name in a column, as it is or as JSON writes it.
func (c *Catalog) rowsWith(ctx context.Context, table, column, name string) (rows []string, err error) {
	quoted, err := json.Marshal(name)
	if err != nil {
		return nil, err
	}
	statement := c.db.Select(`SELECT ` + c.rowID() + ` FROM ` + table +
		` WHERE ` + c.contains(column, "$1") + ` OR ` + c.contains(column, "$2"))
	err = database.EachWithin(ctx, database.LongTimeout, statement, func(row *sql.Rows) error {
		var id string
		err := row.Scan(&id)
		rows = append(rows, id)
		return err
	}, name, strings.Trim(string(quoted), `"`))
	return rows, err
}

// eraseRows replaces the name in a column of some rows.
func (c *Catalog) eraseRows(ctx context.Context, tx *sql.Tx, e *eraser, table, column string, rows []string) error {
	if table == "tokens" { // all processes read them anew; whoever changes tokens begins with it
		if _, err := tx.ExecContext(ctx, `UPDATE token_change SET number = number + 1`); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if err := c.eraseRow(ctx, tx, e, table, column, row); err != nil {
			return err
		}
	}
	return nil
}

// eraseRow replaces the name in a row, unless it changes meanwhile: then it is read once more. Until November 2025 PostgreSQL followed a
// ctid to what the row had become, so that what somebody else had just committed would be undone.
func (c *Catalog) eraseRow(ctx context.Context, tx *sql.Tx, e *eraser, table, column, row string) error {
	var text sql.NullString
	err := tx.QueryRowContext(ctx, `SELECT `+column+` FROM `+table+` WHERE `+c.rowIs(), row).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		e.again = true
		return nil
	}
	if err != nil {
		return err
	}
	other, err := e.in(columnKinds[table][column], text.String)
	if err != nil || other == text.String {
		return nil //nolint:nilerr // what cannot be read is left to whoever mends it
	}
	return c.replace(ctx, tx, e, `UPDATE `+table+` SET `+column+` = $2 WHERE `+c.rowIs()+` AND `+column+` = $3`, row, other, text.String)
}

// replace replaces one text by another, where it still stands.
func (c *Catalog) replace(ctx context.Context, tx *sql.Tx, e *eraser, statement string, args ...any) error {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	replaced, err := result.RowsAffected()
	e.Rows, e.again = e.Rows+int(replaced), true
	return err
}

// eraseRecords replaces the name in some records, and records which ones they are, with the hashes that they have since.
func (c *Catalog) eraseRecords(ctx context.Context, tx *sql.Tx, e *eraser, rows []string) error {
	number, err := c.statements.next(ctx, tx)
	if err != nil {
		return err
	}
	var amended []lifecycle.Amendment
	for _, row := range rows {
		one, err := c.eraseRecord(ctx, tx, e, row)
		if err != nil {
			return err
		}
		if one != nil {
			amended = append(amended, *one)
		}
	}
	if len(amended) == 0 {
		return nil
	}
	e.Records += len(amended)
	return c.statements.noteErasure(ctx, tx, number, e, amended)
}

// eraseRecord replaces the name in one record. Only of one that is as it was recorded it says what that has become: an erasure must not
// prove what somebody else has changed.
func (c *Catalog) eraseRecord(ctx context.Context, tx *sql.Tx, e *eraser, row string) (*lifecycle.Amendment, error) {
	var was audit.Entry
	err := tx.QueryRowContext(ctx, `SELECT number, record, coalesce(salt, ''), coalesce(content, '') FROM changes WHERE `+c.rowIs(), row).
		Scan(&was.Change, &was.Text, &was.Salt, &was.Content)
	if errors.Is(err, sql.ErrNoRows) {
		e.again = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	other, err := e.inJSON(was.Text)
	if err != nil || other == was.Text {
		return nil, nil //nolint:nilerr // what cannot be read is left to whoever mends it
	}
	isProven, err := proven(ctx, tx, was)
	if err != nil {
		return nil, err
	}
	e.again = true
	salt := audit.NewSalt()
	if _, err = tx.ExecContext(ctx, `UPDATE changes SET record = $1, salt = $2 WHERE number = $3`, other, salt, was.Change); err != nil {
		return nil, err
	}
	if !isProven {
		e.Unproven++
		return nil, nil
	}
	return &lifecycle.Amendment{Change: was.Change, Content: audit.ContentOf(salt, other)}, nil
}

// proven tells whether a record is as it was recorded, or as the last erasure that changed it says.
func proven(ctx context.Context, tx *sql.Tx, entry audit.Entry) (bool, error) {
	content := audit.ContentOf(entry.Salt, entry.Text)
	if content == entry.Content {
		return true, nil
	}
	amended := fmt.Sprintf(`%%{"change":%d,"content":"%s"}%%`, entry.Change, content)
	var found bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM changes WHERE mini_program = $1 AND life = $2 AND record LIKE $3)`,
		PlatformID, audit.ErasuresLife, amended).Scan(&found)
	return found, err
}

// noteErasure appends to the platform's trail.
func (s statements) noteErasure(ctx context.Context, tx *sql.Tx, number int64, e *eraser, amended []lifecycle.Amendment) error {
	var step int
	err := tx.QueryRowContext(ctx, `SELECT coalesce(max(step), 0) + 1 FROM changes WHERE mini_program = $1 AND life = $2`,
		PlatformID, audit.ErasuresLife).Scan(&step)
	if err != nil {
		return err
	}
	var encode encoder
	change := Commit{
		Life: audit.ErasuresLife, Step: step, MiniProgram: lifecycle.MiniProgram{ID: PlatformID},
		Record: &lifecycle.Record{
			Transition: lifecycle.Transition{
				Sequence: step, At: time.Now().UTC(), Action: audit.EraseUser, Actor: e.by.User, Role: lifecycle.Operator,
				Details: fmt.Sprintf("%s stands in the place of a name in %d records", e.Pseudonym, len(amended)),
			},
			Command: lifecycle.Command{Actor: e.by}, Amended: amended,
		},
	}.changeRow(&encode)
	if encode.err != nil {
		return encode.err
	}
	isNew, err := s.append(ctx, tx, number, change)
	if err == nil && !isNew {
		err = errors.New("somebody else erases at the same moment")
	}
	return err
}
