package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// webClient sends requests to the web, over connections that stay open, and follows no redirect.
type webClient struct {
	http   *http.Client
	web    string
	header http.Header
}

func newWebClient(web string, header http.Header) *webClient {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.Proxy, transport.MaxIdleConnsPerHost = nil, mostAtOnce
	return &webClient{web: web, header: header, http: &http.Client{
		Transport: transport, Timeout: outcomeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// openBrowser opens a browser in which somebody is signed in.
func openBrowser(ctx context.Context, web, account string) (*webClient, error) {
	browser := newWebClient(web, http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {web}, "Sec-Fetch-Site": {"same-origin"},
	})
	browser.http.Jar, _ = cookiejar.New(nil) // it never fails
	response, err := browser.post(ctx, "/sign-in", url.Values{"account": {account}}.Encode())
	if err == nil && response.status != http.StatusSeeOther {
		err = fmt.Errorf("signing in as %s was answered with %s", account, response)
	}
	return browser, err
}

// newAPIClient is a program that uses the API with somebody's token.
func newAPIClient(web, account string) *webClient {
	return newWebClient(web+"/api/v1", http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer dev-" + account}})
}

// response is what came back.
type response struct {
	status   int
	location string
	body     []byte
}

func (r response) String() string { return fmt.Sprintf("%d %s %.1000s", r.status, r.location, r.body) }

func (c *webClient) get(ctx context.Context, path string) (response, error) {
	return c.send(ctx, http.MethodGet, path, nil)
}

func (c *webClient) post(ctx context.Context, path, body string) (response, error) {
	return c.send(ctx, http.MethodPost, path, strings.NewReader(body))
}

func (c *webClient) send(ctx context.Context, method, path string, body io.Reader) (response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.web+path, body)
	if err != nil {
		return response{}, err
	}
	request.Header = c.header.Clone()
	received, err := c.http.Do(request)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = received.Body.Close() }()
	content, err := io.ReadAll(received.Body)
	return response{received.StatusCode, received.Header.Get("Location"), content}, err
}
