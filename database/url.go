package database

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrURL is wrapped by the error about a URL that names no database.
var ErrURL = errors.New("invalid database URL")

// URL says where a database is.
type URL struct {
	// File is the path of a SQLite database; it is "" when the database is a PostgreSQL server's.
	File string

	settings url.Values // of SQLite
	postgres *pgx.ConnConfig
}

// ParseURL reads "sqlite:PATH", "sqlite://PATH", "file:PATH?SETTINGS" (with the path escaped as in a URL) or "postgres://…". Anything
// else is ErrURL, which shows nothing that may be a password.
func ParseURL(text string) (URL, error) {
	scheme, rest, _ := strings.Cut(text, ":")
	switch scheme {
	case "sqlite":
		return sqliteURL(strings.TrimPrefix(rest, "//"), url.Values{})
	case "file":
		escaped, query, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
		file, errPath := url.PathUnescape(escaped)
		settings, errQuery := url.ParseQuery(query)
		if err := errors.Join(errPath, errQuery); err != nil {
			return URL{}, fmt.Errorf("%w: %w", ErrURL, err)
		}
		return sqliteURL(file, settings)
	case "postgres", "postgresql":
		config, err := pgx.ParseConfig(text)
		if err != nil {
			return URL{}, fmt.Errorf("%w: %w", ErrURL, err)
		}
		return URL{postgres: config}, nil
	default:
		return URL{}, fmt.Errorf("%w: it must begin with sqlite: (and the path of a file) or postgres://", ErrURL)
	}
}

// sqliteURL is the URL of a file. A database in memory would be another one for each connection.
func sqliteURL(file string, settings url.Values) (URL, error) {
	if file == "" || strings.Contains(file, ":memory:") || settings.Get("mode") == "memory" {
		return URL{}, fmt.Errorf("%w: a SQLite database must be a file, and %q is not the path of one", ErrURL, file)
	}
	return URL{File: filepath.Clean(file), settings: settings}, nil
}

// source names the SQLite database to its driver. What the URL says stands; defaults are for the rest.
func (u URL) source(defaults map[string]string) string {
	settings := url.Values{}
	for name, value := range defaults {
		settings.Set(name, value)
	}
	for name, values := range u.settings {
		settings[name] = values
	}
	return "file:" + (&url.URL{Path: u.File}).EscapedPath() + "?" + settings.Encode()
}
