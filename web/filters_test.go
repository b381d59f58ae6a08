package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/accounts"
)

func (s standing) saves(who, name, query string) (*http.Response, string) {
	return s.ask(http.MethodPost, "/saved-filters", as(who), filledIn(url.Values{"name": {name}, "query": {query}}.Encode()))
}

func TestAFilterIsSavedAsWhatItChooses(t *testing.T) {
	s := stand(t)
	response, _ := s.saves("reviewer", " <Mine> ", "turn=reviewer&order=due&cursor=abc&unknown=1&team=acme,globex")
	assert.Equal(t, http.StatusSeeOther, response.StatusCode)
	assert.Equal(t, "/mini-programs?order=due&team=acme%2Cglobex&turn=reviewer", response.Header.Get("Location"), "no cursor, nothing unknown")
	_, page := s.ask(http.MethodGet, "/mini-programs", as("reviewer"))
	assert.Contains(t, page, `href="/mini-programs?order=due&amp;team=acme%2Cglobex&amp;turn=reviewer">&lt;Mine&gt;</a>`)
	_, page = s.ask(http.MethodGet, "/mini-programs", as("operator"))
	assert.NotContains(t, page, "Mine", "it is nobody else's")
}

func TestAFilterThatCannotBeKeptIsRefusedWithTheReason(t *testing.T) {
	s := stand(t)
	for query, sentence := range map[string]string{
		"state=Nowhere": "there is no state", "standing=upright": "a rollout cannot stand", "turn=somebody": "it can be nobody&#39;s turn",
		"q=%zz": "cannot be understood", "q=" + strings.Repeat("x", 3000): "at most 2000",
	} {
		response, page := s.saves("reviewer", "mine", query)
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, query)
		assert.Contains(t, strings.ToLower(page), strings.ToLower(sentence), query)
	}
	for _, name := range []string{"", "  ", strings.Repeat("n", 500)} {
		response, page := s.saves("reviewer", name, "overdue=true")
		assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode, name)
		assert.Contains(t, page, "name of the filter", name)
	}
	for i := range accounts.MaxFilters {
		s.saves("reviewer", fmt.Sprint(i), "overdue=true")
	}
	_, page := s.saves("reviewer", "one more", "overdue=true")
	assert.Contains(t, page, "forget one before you save")
}

func TestAForgottenFilterIsGoneAndTheListStays(t *testing.T) {
	s := stand(t)
	s.saves("reviewer", "mine", "overdue=true")
	response, _ := s.ask(http.MethodPost, "/saved-filters/forget", as("reviewer"), filledIn("name=mine"))
	assert.Equal(t, http.StatusSeeOther, response.StatusCode)
	assert.Equal(t, "/mini-programs", response.Header.Get("Location"))
	_, page := s.ask(http.MethodGet, "/mini-programs?overdue=true", as("reviewer"))
	assert.NotContains(t, page, "Forget mine")
}
