// Package keyring holds the keys that signals are signed with and that payloads are encrypted with. Both rotate in the same way: the first
// key of a ring makes, all of them read.
package keyring

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// keySize is the length of a key in bytes: AES-256, and the strength of HMAC-SHA256.
const keySize = 32

// Ring is a list of keys, read from lines `id:base64`. The zero value has none.
type Ring struct{ keys []key }

type key struct {
	id     string
	secret []byte
}

var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// Empty tells whether there is no key.
func (r Ring) Empty() bool { return len(r.keys) == 0 }

// UnmarshalText reads the keys. No error shows any part of a key.
func (r *Ring) UnmarshalText(text []byte) error {
	var read Ring
	var wrong []error
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		k, err := parseKey(line)
		if _, known := read.find(k.id); err == nil && known {
			err = fmt.Errorf("the key id %q is used twice; give each key an id of its own", k.id)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("line %d: %w", i+1, err))
			continue
		}
		read.keys = append(read.keys, k)
	}
	if len(wrong) == 0 && read.Empty() {
		wrong = append(wrong, fmt.Errorf("there is no key; %s", form))
	}
	*r = read
	return errors.Join(wrong...)
}

// form says how a key is written, and how to make one.
const form = `write one a line as id:base64, such as the output of: printf 'k1:%s\n' "$(openssl rand -base64 32)"`

// Generate makes a new key, as the line of a ring.
func Generate(id string) string {
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // never fails
	return id + ":" + base64.StdEncoding.EncodeToString(secret)
}

func parseKey(line string) (key, error) {
	id, encoded, found := strings.Cut(line, ":")
	if !found || !keyID.MatchString(id) {
		return key{}, fmt.Errorf("the line does not begin with the id of a key (1 to 64 letters, digits, '.', '_' or '-') and a colon; %s", form)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return key{}, fmt.Errorf("key %q is not base64; %s", id, form)
	}
	if len(secret) != keySize {
		return key{}, fmt.Errorf("key %q has %d bytes; it must have %d; %s", id, len(secret), keySize, form)
	}
	return key{id, secret}, nil
}

func (r Ring) find(id string) (key, bool) {
	for _, k := range r.keys {
		if k.id == id {
			return k, true
		}
	}
	return key{}, false
}
