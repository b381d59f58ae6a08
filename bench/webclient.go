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

// visitor sends requests to the web, over connections that stay open. An answer is an answer, also one that leads elsewhere.
type visitor struct {
	client *http.Client
	web    string
	header http.Header
}

func newVisitor(web string, header http.Header) *visitor {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it is one
	transport.Proxy, transport.MaxIdleConnsPerHost = nil, mostAtOnce
	return &visitor{web: web, header: header, client: &http.Client{
		Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// openBrowser opens a browser in which somebody is signed in.
func openBrowser(ctx context.Context, web, account string) (*visitor, error) {
	v := newVisitor(web, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {web}, "Sec-Fetch-Site": {"same-origin"}})
	v.client.Jar, _ = cookiejar.New(nil) // it never fails
	answer, err := v.post(ctx, "/sign-in", url.Values{"account": {account}}.Encode())
	if err == nil && answer.status != http.StatusSeeOther {
		err = fmt.Errorf("signing in as %s was answered with %s", account, answer)
	}
	return v, err
}

// newProgram is a program that uses the API with somebody's token.
func newProgram(web, account string) *visitor {
	return newVisitor(web+"/api/v1", http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer dev-" + account}})
}

// answer is what came back.
type answer struct {
	status   int
	location string
	body     []byte
}

func (a answer) String() string { return fmt.Sprintf("%d %s %.1000s", a.status, a.location, a.body) }

func (v *visitor) get(ctx context.Context, path string) (answer, error) {
	return v.send(ctx, http.MethodGet, path, nil)
}

func (v *visitor) post(ctx context.Context, path, body string) (answer, error) {
	return v.send(ctx, http.MethodPost, path, strings.NewReader(body))
}

func (v *visitor) send(ctx context.Context, method, path string, body io.Reader) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, v.web+path, body)
	if err != nil {
		return answer{}, err
	}
	request.Header = v.header.Clone()
	response, err := v.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header.Get("Location"), content}, err
}
