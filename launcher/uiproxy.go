package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	"slipway/devserver"
	"slipway/web/access"
)

const (
	uiProxyCommand = "ui-proxy"
	headerTimeout  = 10 * time.Second
)

// serveUI listens at the address and forwards requests from this machine to Temporal UI, which has no accounts. codec is the address of the
// web that decrypts payloads for it; "" for none.
func serveUI(ctx context.Context, address, ui, codec string) error {
	server := &http.Server{Addr: address, Handler: uiHandler(ui, codec), ReadHeaderTimeout: headerTimeout}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("proxy of Temporal UI: %w", err)
	}
	return nil
}

// uiHandler refuses what the page of another site sends, also of one that points its own name at this machine.
func uiHandler(ui, codec string) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refusal("A page of another site sent this. Temporal UI accepts only what its own pages send."))
	pages := http.Handler(proxy(ui))
	if codec != "" {
		pages = withCodec(proxy(ui), codec)
	}
	return access.LocalOnly(protection.Handler(withViews(pages)),
		refusal("Temporal UI of a development machine answers only at localhost and 127.0.0.1, not under other names."))
}

func proxy(ui string) *httputil.ReverseProxy {
	target := &url.URL{Scheme: "http", Host: ui}
	return &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // browsers hang up whenever somebody leaves a page
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "Temporal UI does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
}

// withCodec tells Temporal UI where payloads are decrypted, and that requests go there with cookies, which a development server has no
// setting for. The address has the name that Temporal UI was asked by, because browsers send sessions to no other.
func withCodec(pages *httputil.ReverseProxy, web string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/settings" {
			pages.ServeHTTP(w, r)
			return
		}
		withSettings := *pages
		withSettings.ModifyResponse = func(response *http.Response) error { return addCodec(response, codecAddress(r.Host, web)) }
		r.Header.Del("Accept-Encoding")
		withSettings.ServeHTTP(w, r)
	})
}

func codecAddress(asked, web string) string {
	host, port, err := net.SplitHostPort(web)
	name := (&url.URL{Host: asked}).Hostname()
	if err == nil && host == devserver.Host && name != "" {
		web = net.JoinHostPort(name, port)
	}
	return "http://" + web + "/codec"
}

func addCodec(response *http.Response, address string) error {
	var settings map[string]any
	if err := json.NewDecoder(response.Body).Decode(&settings); err != nil {
		return fmt.Errorf("settings of Temporal UI: %w", err)
	}
	settings["Codec"] = map[string]any{"Endpoint": address, "IncludeCredentials": true}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	response.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return nil
}

func refusal(sentence string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, sentence, http.StatusForbidden) })
}
