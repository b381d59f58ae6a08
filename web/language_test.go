package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inChinese is the cookie of a browser in which somebody chose Chinese.
func (s standing) inChinese() asked {
	response, body := s.ask(http.MethodPost, "/language", form(url.Values{"language": {"zh-Hans"}}))
	require.Equal(s.t, http.StatusSeeOther, response.StatusCode, body)
	return cookie(response.Cookies()[0])
}

func TestPagesSpeakWhatTheBrowserAsksForUnlessAnotherLanguageWasChosen(t *testing.T) {
	s := stand(t)
	for _, path := range []string{"/sign-in", "/nothing-here", "/mini-programs", "/me"} {
		response, body := s.ask(http.MethodGet, path, as("operator"), header("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8"))
		assert.Contains(t, body, `<html lang="zh-Hans">`, path)
		assert.Equal(t, "zh-Hans", response.Header.Get("Content-Language"), path)
		assert.Contains(t, response.Header.Values("Vary"), "Accept-Language, Cookie", path)
		_, body = s.ask(http.MethodGet, path, as("operator"))
		assert.Contains(t, body, `<html lang="en">`, path)
		_, body = s.ask(http.MethodGet, path, as("operator"), s.inChinese(), header("Accept-Language", "en"))
		assert.Contains(t, body, `<html lang="zh-Hans">`, path)
		_, body = s.ask(http.MethodGet, path, as("operator"), cookie(&http.Cookie{Name: "slipway_language", Value: "tlh"}))
		assert.Contains(t, body, `<html lang="en">`, "%s: a language that is not known chooses nothing", path)
	}
}

func TestChoosingALanguageKeepsThePageThatOneIsOn(t *testing.T) {
	s := stand(t)
	for _, page := range []string{"/mini-programs?q=a%26b&order=due", "/nothing-here", "/sign-in?next=%2Fme"} {
		_, body := s.ask(http.MethodGet, page, as("operator"))
		assert.Contains(t, body, `name="next" value="`+strings.ReplaceAll(page, "&", "&amp;")+`"`)
		response, _ := s.ask(http.MethodPost, "/language", form(url.Values{"language": {"zh-Hans"}, "next": {page}}))
		assert.Equal(t, page, response.Header.Get("Location"))
		chosen := response.Cookies()[0]
		assert.True(t, chosen.HttpOnly)
		assert.Equal(t, http.SameSiteLaxMode, chosen.SameSite)
		assert.Equal(t, "/", chosen.Path)
		assert.Positive(t, chosen.MaxAge)
	}
	_, body := s.ask(http.MethodPost, "/request-creation", as("developer"), form(url.Values{"id": {"A"}}),
		header("Referer", s.URL+"/request-creation"))
	assert.Contains(t, body, `name="next" value="/request-creation"`, "the answer to a form is no address: its page is")
	response, _ := s.ask(http.MethodPost, "/language", form(url.Values{"language": {"en"}, "next": {"//evil.example"}}))
	assert.Equal(t, "/", response.Header.Get("Location"))
}

func TestALanguageThatThereIsNotIsRefused(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodPost, "/language", form(url.Values{"language": {"tlh"}}))
	assert.Equal(t, http.StatusUnprocessableEntity, response.StatusCode)
	assert.Contains(t, body, "There are no pages in the language &#34;tlh&#34;")
	assert.Empty(t, response.Cookies())
	response, _ = s.ask(http.MethodPost, "/language", form(url.Values{"language": {"zh-Hans"}}), header("Sec-Fetch-Site", "cross-site"))
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "another site cannot choose for people")
}

func TestProgramsAreToldInEnglish(t *testing.T) {
	s := stand(t)
	response, body := s.ask(http.MethodGet, "/api/v1/mini-programs/nothing", as("operator"), s.inChinese(), header("Accept-Language", "zh-CN"))
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Contains(t, body, "there is no mini-program")
}

func TestWhatIsDeniedIsSaidInTheLanguageToo(t *testing.T) {
	s := stand(t)
	_, body := s.ask(http.MethodPost, "/sign-out", header("Sec-Fetch-Site", "cross-site"), s.inChinese())
	assert.Contains(t, body, "此请求来自其他网站的页面")
	_, body = s.ask(http.MethodPost, "/api/v1/mini-programs", header("Sec-Fetch-Site", "cross-site"), s.inChinese())
	assert.Contains(t, body, "a page of another site")
	_, body = s.ask(http.MethodGet, "/mini-programs/nothing", as("operator"), s.inChinese())
	assert.Contains(t, body, "没有小程序 &#34;nothing&#34;；请先申请创建。")
}
