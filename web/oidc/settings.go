// Package oidc signs people in with an OpenID provider: OpenID Connect Core 1.0, the code flow with PKCE, and bearer tokens of the same
// provider for programs.
package oidc

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"slipway/lifecycle"
)

// Settings say which provider signs people in, and how its claims are read.
type Settings struct {
	// Issuer is the provider, as it calls itself in its tokens.
	Issuer       string `env:"OIDC_ISSUER"`
	ClientID     string `env:"OIDC_CLIENT_ID"`
	ClientSecret Secret `env:"OIDC_CLIENT_SECRET"`
	// Audience is whom bearer tokens must be for; empty means the client.
	Audience string `env:"OIDC_AUDIENCE"`
	// CLIClientID is the public client with which command lines sign people in; tokens for it are taken, too.
	CLIClientID string `env:"OIDC_CLI_CLIENT_ID"`
	// Scopes are asked for at sign-in.
	Scopes []string `env:"OIDC_SCOPES" envDefault:"openid profile email" envSeparator:" "`
	// UserClaim names a person for ever, NameClaim for people to read.
	UserClaim string `env:"OIDC_USER_CLAIM" envDefault:"sub"`
	NameClaim string `env:"OIDC_NAME_CLAIM" envDefault:"name"`
	// RolesClaim and TeamsClaim may be paths such as realm_access.roles.
	RolesClaim string `env:"OIDC_ROLES_CLAIM" envDefault:"roles"`
	TeamsClaim string `env:"OIDC_TEAMS_CLAIM" envDefault:"teams"`
	// RoleMap gives roles to the provider's names for them; without it the names are ours.
	RoleMap RoleMap `env:"OIDC_ROLE_MAP"`
}

// Secret is shown to nobody: not in logs, errors or what is printed of the settings.
type Secret string

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides it, too.
func (Secret) GoString() string { return "(secret)" }

// Validate names everything that is wrong with the settings.
func (s Settings) Validate() error {
	var wrong []error
	if err := checkURL(s.Issuer); err != nil {
		wrong = append(wrong, fmt.Errorf("OIDC_ISSUER=%s %w", Shown(s.Issuer), err))
	}
	if s.ClientID == "" {
		wrong = append(wrong, errors.New("OIDC_CLIENT_ID is missing; the provider issued it when this web was registered there"))
	}
	if !slices.Contains(s.Scopes, "openid") {
		wrong = append(wrong, fmt.Errorf("OIDC_SCOPES=%q lacks openid, without which nobody can sign in", strings.Join(s.Scopes, " ")))
	}
	return errors.Join(wrong...)
}

// userinfo is what may have a password in an address.
var userinfo = regexp.MustCompile(`//[^/?#]*@`)

// Shown is an address without the password that somebody wrote into it, and without its query.
func Shown(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return userinfo.ReplaceAllString(address, "//xxxxx@")
}

// CheckPublicURL refuses an address to which nobody can be sent back safely.
func CheckPublicURL(address string) error { return checkURL(address) }

// checkURL wants HTTPS, but for a provider on the same machine.
func checkURL(address string) error {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.User != nil || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New("is not an address such as https://login.example.com")
	}
	host := parsed.Hostname()
	if local := host == "localhost" || host == "127.0.0.1" || host == "::1"; parsed.Scheme != "https" && (parsed.Scheme != "http" || !local) {
		return errors.New("has to begin with https://, or anybody on the way can read and change what is sent")
	}
	return nil
}

// RoleMap leads from the provider's names of roles, or groups, to ours.
type RoleMap map[string][]lifecycle.Role

// UnmarshalText reads their-name=reviewer,other=operator; a name that is there twice has both roles.
func (m *RoleMap) UnmarshalText(text []byte) error {
	*m = RoleMap{}
	for pair := range strings.SplitSeq(string(text), ",") {
		name, role, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok || name == "" {
			return fmt.Errorf("%q is not NAME=ROLE", pair)
		}
		if !isForPeople(lifecycle.Role(role)) {
			return fmt.Errorf("%q is not a role; the roles are %s, and reviewer:NAME", role, names(people))
		}
		(*m)[name] = append((*m)[name], lifecycle.Role(role))
	}
	return nil
}

// isForPeople tells whether persons may have the role.
func isForPeople(role lifecycle.Role) bool { return role.Known() && role != lifecycle.System }

// people are the roles that persons may have, but for reviewers with a name.
var people = slices.DeleteFunc(slices.Clone(lifecycle.Roles), func(role lifecycle.Role) bool { return role == lifecycle.System })

func names(roles []lifecycle.Role) string {
	texts := make([]string, len(roles))
	for i, role := range roles {
		texts[i] = string(role)
	}
	return strings.Join(texts, ", ")
}
