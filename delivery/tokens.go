package delivery

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// Tokens are the bearer tokens of the host apps that the configuration names. Only their sha256 is kept.
type Tokens []token

type token struct {
	hostApp string
	sum     SHA256
}

// ParseTokens reads a list of NAME=SHA256 (of the token, 64 lower-case hexadecimal digits), separated by commas or line
// breaks; lines that begin with # are comments. A name may come twice, while its token is replaced by another.
func ParseTokens(list string) (Tokens, error) {
	var tokens Tokens
	for line := range strings.Lines(list) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for entry := range strings.SplitSeq(line, ",") {
			if entry = strings.TrimSpace(entry); entry == "" {
				continue
			}
			name, text, named := strings.Cut(entry, "=")
			if !named { // it may be a token
				return nil, fmt.Errorf("entry %d is not given as NAME=SHA256, with 64 lower-case hexadecimal digits", len(tokens)+1)
			}
			sum, ok := ParseSHA256(strings.TrimSpace(text))
			if name = strings.TrimSpace(name); name == "" || !ok {
				return nil, fmt.Errorf("the token of host app %q is not given as NAME=SHA256, with 64 lower-case hexadecimal digits", name)
			}
			tokens = append(tokens, token{name, sum})
		}
	}
	return tokens, nil
}

// owner takes the same time whichever token it is, or none.
func (t Tokens) owner(presented string) string {
	sum := sha256.Sum256([]byte(presented))
	name := ""
	for _, each := range t {
		if subtle.ConstantTimeCompare(sum[:], each.sum[:]) == 1 {
			name = each.hostApp
		}
	}
	return name
}
