package plaintext_test

import (
	"database/sql"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver

	"slipway/catalog/catalogtest"
	"slipway/e2e/plaintext"
)

func TestAWordIsFoundWhereverItStands(t *testing.T) {
	long := strings.Repeat("x", 1<<20-4)
	for name, text := range map[string]string{
		"alone":            "whispered",
		"among others":     "it was whispered to me",
		"across two steps": long + "whispered" + long,
		"in base64":        base64.StdEncoding.EncodeToString([]byte(`{"comment":"whispered"}`)),
		"one further":      base64.StdEncoding.EncodeToString([]byte(`{ "comment":"whispered"}`)),
		"two further":      base64.StdEncoding.EncodeToString([]byte(`{  "comment":"whispered" }`)),
		"for addresses":    base64.RawURLEncoding.EncodeToString([]byte(`{"comment":"whispered???"}`)),
	} {
		for reader, r := range map[string]func() ([]string, error){
			"at once": func() ([]string, error) { return plaintext.Search(strings.NewReader(text), "whispered", "shouted") },
			"in pieces": func() ([]string, error) {
				return plaintext.Search(iotest.HalfReader(strings.NewReader(text)), "whispered", "shouted")
			},
			"with a gap": func() ([]string, error) {
				return plaintext.Search(iotest.DataErrReader(strings.NewReader(text)), "shouted", "whispered")
			},
		} {
			found, err := r()
			require.NoError(t, err)
			assert.Equal(t, []string{"whispered"}, found, "%s, %s", name, reader)
		}
	}
}

func TestEveryCellOfADatabaseIsLookedInto(t *testing.T) {
	postgres := catalogtest.Postgres(t)
	for driver, source := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "a.db"), "pgx": postgres} {
		db, err := sql.Open(driver, source)
		require.NoError(t, err)
		binary := map[string]string{"sqlite": "BLOB", "pgx": "BYTEA"}[driver]
		for _, statement := range []string{
			`CREATE TABLE said (n INTEGER, how TEXT, what ` + binary + `)`, `INSERT INTO said VALUES (1, 'whispered', NULL)`, `INSERT INTO said VALUES (2, NULL, 'shouted')`,
		} {
			_, err := db.ExecContext(t.Context(), statement)
			require.NoError(t, err)
		}
		found, cells, err := plaintext.SearchDatabase(t.Context(), db, "whispered", "shouted", "thought")
		require.NoError(t, err)
		assert.Equal(t, []string{"shouted", "whispered"}, found, driver)
		assert.GreaterOrEqual(t, cells, 6)
		require.NoError(t, db.Close())
	}
}
