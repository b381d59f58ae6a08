package signin

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// callbackPath is where the provider sends the browser back to, on a port of this machine that is free (RFC 8252, 7.3).
const callbackPath = "/callback"

// InBrowser signs a person in with a browser on this machine. show is told the address to open, should none have opened.
func InBrowser(ctx context.Context, place Place, show func(address string)) (Grant, error) {
	found, err := place.discover(ctx)
	if err != nil {
		return Grant{}, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return Grant{}, fmt.Errorf("a port of this machine for the way back from the browser: %w", err)
	}
	found.oauth.RedirectURL = "http://" + listener.Addr().String() + callbackPath
	state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	address := found.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	if !safe(address) {
		_ = listener.Close()
		return Grant{}, fmt.Errorf("the identity provider sends people to %q, which is not an https address", found.oauth.Endpoint.AuthURL)
	}
	show(address)
	openBrowser(address)
	brought, err := wait(ctx, listener, state)
	if err != nil {
		return Grant{}, err
	}
	if issuer := brought.Get("iss"); issuer != "" && issuer != place.Issuer { // RFC 9207
		return Grant{}, fmt.Errorf("the browser came back from %q and not from %s; begin again", issuer, place.Issuer)
	}
	if brought.Get("code") == "" {
		return Grant{}, refused(brought.Get("error"), brought.Get("error_description"))
	}
	token, err := found.oauth.Exchange(withClient(ctx), brought.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return Grant{}, found.said(ctx, err)
	}
	return found.granted(ctx, token, "", nonce)
}

// wait returns what the browser brings back. Whatever else comes to the port, which any page may try, is refused and changes nothing.
func wait(ctx context.Context, listener net.Listener, state string) (url.Values, error) {
	back := make(chan url.Values, 1)
	server := &http.Server{ReadHeaderTimeout: patience, ReadTimeout: patience, WriteTimeout: patience}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Connection", "close")
		brought := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != callbackPath || brought.Get("state") != state {
			http.Error(w, "This does not belong to the sign-in under way.", http.StatusBadRequest)
			return
		}
		_, _ = fmt.Fprintln(w, "Go back to the terminal: it says whether you are signed in. This page can be closed.")
		select {
		case back <- brought:
		default: // the first one counts
		}
	})
	go func() { _ = server.Serve(listener) }()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // for the page to arrive
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
	}()
	select {
	case brought := <-back:
		return brought, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// openBrowser tries; the address has been shown. On a machine without a screen the system's command would open one in the terminal.
func openBrowser(address string) {
	var command []string
	switch {
	case os.Getenv("BROWSER") != "":
		command = []string{os.Getenv("BROWSER")}
	case runtime.GOOS == "darwin":
		command = []string{"open"}
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		command = []string{"xdg-open"}
	default:
		return
	}
	browser := exec.Command(command[0], address)
	if browser.Start() == nil {
		go func() { _ = browser.Wait() }()
	}
}
