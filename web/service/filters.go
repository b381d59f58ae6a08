package service

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"slipway/accounts"
	"slipway/lifecycle"
)

// SavedFilters are what the person looks for again and again, by name.
func (s *Service) SavedFilters(ctx context.Context, person lifecycle.Actor) ([]accounts.SavedFilter, error) {
	return s.Filters.Of(ctx, person.User)
}

// maxFilterQuery bounds a saved query, in bytes.
const maxFilterQuery = 2000

// SaveFilter keeps the query of a list under a name, in the place of what has it. A name that is none, too long a query and one filter too
// many are a *lifecycle.Refusal.
func (s *Service) SaveFilter(ctx context.Context, person lifecycle.Actor, name, query string) error {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > lifecycle.MaxName:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the name of the filter is %q; write 1 to %d characters",
			lifecycle.Excerpt(name), lifecycle.MaxName)
	case len(query) > maxFilterQuery:
		return lifecycle.Refuse(lifecycle.InvalidInput, "the filter is %d bytes long; at most %d can be saved", len(query), maxFilterQuery)
	}
	err := s.Filters.Save(ctx, person.User, accounts.SavedFilter{Name: name, Query: query})
	if errors.Is(err, accounts.ErrTooManyFilters) {
		return lifecycle.Refuse(lifecycle.InvalidInput, "you keep %d filters already; forget one before you save %q", accounts.MaxFilters, name)
	}
	return err
}

// ForgetFilter removes a saved filter; there need not be one.
func (s *Service) ForgetFilter(ctx context.Context, person lifecycle.Actor, name string) error {
	return s.Filters.Forget(ctx, person.User, name)
}
