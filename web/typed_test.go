package main

import (
	"html"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestAnActionThatHasBecomeImpossibleShowsAllThatWasTyped(t *testing.T) {
	s := stand(t)
	s.welcomed()
	for _, each := range []struct {
		who, action string
		typed       url.Values
	}{
		{"developer", "publish", url.Values{
			"plan": {"own"}, "plan_percent": {"7.5"}, "plan_bake": {"95m"}, "plan_testers": {"tina\ntom"}, "plan_stages": {"33% 4h\n100%"},
			"health_query": {"sum(<errors>)"}, "health_max": {"0.017"}, "health_interval": {"77s"}, "health_failures": {"19"},
			"at": {"2031-05-06T07:08"}, "zone": {"Asia/Shanghai"}, "comment": {"for the fair"},
		}},
		{"developer", "change-plan", url.Values{"plan": {"own"}, "health_rules": {`[{"name": "errors"}]`}}},
		{"developer", "change-plan", url.Values{"plan": {"app-store"}}},
		{"reviewer", "approve-publishing", url.Values{"waiver native_code lib/a b.so": {"it is ours"}, "comment": {"fine"}}},
		{"developer", "set-grayscale", url.Values{"percent": {"12.5"}, "testers": {"tina\ntom"}}},
		{"developer", "leave-feedback", url.Values{"rating": {"4"}, "text": {"much faster"}}},
	} {
		path := "/mini-programs/weather/actions/" + each.action
		_, body := s.ask(http.MethodGet, path, as(each.who))
		assert.NotContains(t, body, "What you had typed", "nothing was")
		_, body = s.ask(http.MethodPost, path, as(each.who), form(each.typed))
		assert.Contains(t, body, "What you had typed", each.action)
		for name, values := range each.typed {
			assert.Contains(t, body, html.EscapeString(values[0]), "%s: %s", each.action, name)
		}
	}
}

func TestACommentThatCannotBeMadeAnyMoreShowsItsPlace(t *testing.T) {
	s := stand(t)
	s.weather()
	s.does("reviewer", lifecycle.Command{Action: lifecycle.RejectCreation, Comment: "no"})
	typed := url.Values{"text": {"see there"}, "file": {"pages/map.js"}, "line": {"1207"}}
	_, body := s.ask(http.MethodPost, "/mini-programs/weather/actions/comment", as("developer"), form(typed))
	for _, values := range typed {
		assert.Contains(t, body, values[0])
	}
}
