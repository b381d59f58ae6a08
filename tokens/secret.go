package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// Prefix begins every access token. With the fixed length and the checksum behind it, secret scanners find one in a text: slp_[A-Z2-7]{33}.
const Prefix = "slp_"

const (
	randomLetters = 26 // 130 bits
	letters       = randomLetters + 7
)

// Hash is how a token is kept: what reads the database cannot use one. A token has too many bits to be guessed from it, so that
// a plain SHA-256 suffices, and looking for it in a map tells nothing about the token by the time it takes.
type Hash [sha256.Size]byte

// HashOf is the hash of a token.
func HashOf(secret string) Hash { return sha256.Sum256([]byte(secret)) }

// ParseHash reads what String writes.
func ParseHash(text string) (h Hash, ok bool) {
	if len(text) != hex.EncodedLen(len(h)) {
		return h, false
	}
	_, err := hex.Decode(h[:], []byte(text))
	return h, err == nil
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// newSecret makes a token that nobody has.
func newSecret() string {
	text := Prefix + rand.Text()[:randomLetters]
	return text + checksum(text)
}

// IsOne tells whether somebody presents an access token of Slipway's, whatever it is worth.
func IsOne(presented string) bool { return strings.HasPrefix(presented, Prefix) }

// wellFormed tells a token from one that was cut off or mistyped. Everybody can make such a text: it does not have to be valid.
func wellFormed(presented string) bool {
	if len(presented) != len(Prefix)+letters || !IsOne(presented) {
		return false
	}
	text := presented[:len(Prefix)+randomLetters]
	return presented[len(text):] == checksum(text)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func checksum(text string) string {
	return encoding.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(text))))
}
