package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"slipway/process"
)

// Grant is what an identity provider granted for a server.
type Grant struct {
	Server    string   `json:"server"`
	Issuer    string   `json:"issuer"`
	ClientID  string   `json:"client_id"`
	Audiences []string `json:"audiences,omitempty"`
	// Token is what the server is sent, until Expiry; RefreshToken is for the provider only.
	Token        string    `json:"token"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"`
}

// ErrNone says that nobody is signed in at a server.
var ErrNone = errors.New("nobody is signed in")

// Kept is where the sign-in at one server is kept: a file of its own that only this user of the machine reads.
type Kept struct{ server, path string }

// KeptFor is the place for a server, such as https://slipway.example.com.
func KeptFor(server string) (Kept, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return Kept{}, fmt.Errorf("there is no folder to keep a sign-in in: %w", err)
	}
	server = strings.ToLower(strings.TrimSuffix(server, "/"))
	return Kept{server, filepath.Join(folder, "slipway", "sign-ins", url.QueryEscape(server)+".json")}, nil
}

// Path is the file.
func (k Kept) Path() string { return k.path }

// read returns ErrNone where there is nothing.
func (k Kept) read() (Grant, error) {
	content, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Grant{}, ErrNone
	}
	if err != nil {
		return Grant{}, err
	}
	var grant Grant
	if err := json.Unmarshal(content, &grant); err != nil || grant.Server != k.server || grant.Token == "" || !safe(grant.Issuer) {
		return Grant{}, fmt.Errorf("the file %s does not hold a sign-in at %s; sign in again with starter login, or remove the file",
			k.path, k.server)
	}
	return grant, nil
}

// write replaces the file at once, so that whoever reads it meanwhile sees the one or the other.
func (k Kept) write(grant Grant) error {
	grant.Server = k.server
	content, err := json.MarshalIndent(grant, "", "  ")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(k.path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), k.path)
}

// alone does something while no other process changes the file: a refresh token is worth something once.
func (k Kept) alone(ctx context.Context, do func() error) error {
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, k.path+".lock", func() {})
	if err != nil {
		return err
	}
	defer unlock()
	return do()
}

// Keep keeps a grant instead of whatever was there.
func (k Kept) Keep(ctx context.Context, grant Grant) error {
	return k.alone(ctx, func() error { return k.write(grant) })
}
