package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"slipway/web/access"
)

const headerLimit = 10 * time.Second

// shield listens at the address and hands on to Temporal UI, which has no accounts, what people of this machine ask.
func shield(ctx context.Context, address, ui string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("shield of Temporal UI: %w", err)
	}
	server := &http.Server{Handler: shielded(ui), ReadHeaderTimeout: headerLimit}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("shield of Temporal UI at %s: %w", address, err)
	}
	return nil
}

// shielded refuses what the page of another site sends, also of one that points its own name at this machine.
func shielded(ui string) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(refusal("A page of another site sent this. Temporal UI takes only what its own pages send."))
	return access.LocalOnly(protection.Handler(proxy(ui)),
		refusal("Temporal UI of a development machine answers only at localhost and 127.0.0.1, not under other names."))
}

func proxy(ui string) http.Handler {
	target := &url.URL{Scheme: "http", Host: ui}
	return &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorLog: log.New(io.Discard, "", 0), // browsers hang up whenever somebody leaves a page
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "Temporal UI does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
}

func refusal(sentence string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, sentence, http.StatusForbidden) })
}
