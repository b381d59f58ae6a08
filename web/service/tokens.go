package service

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"slipway/lifecycle"
	"slipway/monitoring/logkey"
	"slipway/tokens"
)

// MakeToken makes an access token; nobody can read it again. The error may be a *lifecycle.Refusal.
func (s *Service) MakeToken(ctx context.Context, person lifecycle.Actor, draft tokens.Draft) (secret string, made tokens.Token, err error) {
	secret, made, err = draft.Make(person, time.Now())
	if err != nil {
		return "", tokens.Token{}, err
	}
	err = s.TokenStore.Add(ctx, made, tokens.MaxOfTeam)
	switch {
	case errors.Is(err, tokens.ErrExists):
		err = lifecycle.Refuse(lifecycle.KeyReused,
			"this was sent before, and the token %s was made then; it is shown only once, so if you did not copy it, revoke it and make another one",
			draft.Name)
	case errors.Is(err, tokens.ErrTooMany):
		err = lifecycle.Refuse(tokens.TooManyTokens,
			"there are %d working tokens for %s, as many as there may be; revoke some that are no longer used",
			tokens.MaxOfTeam, ownerOf(made))
	}
	if err != nil {
		return "", tokens.Token{}, err
	}
	s.Logger.Info("an access token was made", described(made, person)...)
	_ = s.Tokens.Load(ctx) // else it is found by itself
	return secret, made, nil
}

func ownerOf(token tokens.Token) string {
	if token.Team == "" {
		return "the platform"
	}
	return "team " + token.Team
}

func described(token tokens.Token, by lifecycle.Actor) []zap.Field {
	return []zap.Field{
		zap.String(logkey.TokenID, token.ID), zap.String(logkey.Token, token.Name), zap.String(logkey.Kind, string(token.Kind)),
		zap.String(logkey.Team, token.Team), zap.String(logkey.User, by.User),
	}
}

// ListTokens lists the access tokens that the person sees, the newest first: those before the one with the id, or the newest for "". Those
// that ended or were revoked are among them.
func (s *Service) ListTokens(ctx context.Context, person lifecycle.Actor, before string, limit int) ([]tokens.Token, error) {
	all, teams := tokens.Seen(person)
	if !all && len(teams) == 0 {
		return []tokens.Token{}, nil
	}
	if before != "" {
		if _, err := s.token(ctx, person, before); isRefusal(err) {
			return nil, lifecycle.Refuse(lifecycle.InvalidInput,
				"the cursor %.100q is not from this list; leave it out to begin with the newest token", before)
		} else if err != nil {
			return nil, err
		}
	}
	return s.TokenStore.List(ctx, teams, before, limit)
}

// RevokeToken makes an access token worth nothing, for ever, and returns it; once more changes nothing. The error may be a
// *lifecycle.Refusal.
func (s *Service) RevokeToken(ctx context.Context, person lifecycle.Actor, id string) (tokens.Token, error) {
	token, err := s.token(ctx, person, id)
	switch {
	case err != nil:
		return token, err
	case !token.RevocableBy(person):
		return tokens.Token{}, lifecycle.Refuse(lifecycle.ForbiddenRole,
			"%s may see this token but not revoke it; ask an operator, or a developer of its team", person.User)
	case token.RevokedAt != nil:
		return token, nil
	}
	if err := s.TokenStore.Revoke(ctx, id, person.User, time.Now()); err != nil {
		return token, err
	}
	s.Logger.Info("an access token was revoked", described(token, person)...)
	_ = s.Tokens.Load(ctx) // else it is noticed within a moment
	return s.TokenStore.Token(ctx, id)
}

// token reads one that the person sees. Of others they do not learn that there are any.
func (s *Service) token(ctx context.Context, person lifecycle.Actor, id string) (tokens.Token, error) {
	token, err := s.TokenStore.Token(ctx, id)
	if errors.Is(err, tokens.ErrNotFound) || err == nil && !token.SeenBy(person) {
		return tokens.Token{}, lifecycle.Refuse(tokens.UnknownToken, "there is no token %.100q that you may see; look at the list", id)
	}
	return token, err
}

// MayHaveTokens tells whether there are access tokens that a person may make or see.
func MayHaveTokens(person lifecycle.Actor) bool {
	all, teams := tokens.Seen(person)
	return all || len(teams) > 0
}
