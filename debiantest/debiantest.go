// Package debiantest has what tests need from Debian: programs that are installed beside Go.
package debiantest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Program is the path of a program of a Debian package.
func Program(t testing.TB, name, debianPackage string) (path string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Lacks(t, fmt.Sprintf("there is no %s; install the Debian package %s", name, debianPackage))
	}
	return path
}

// Lacks skips a test that needs what this machine does not have. Where CI=true nothing is skipped, and it fails.
func Lacks(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Chromium starts a browser that ends with the test. The context is that of its first tab; chromedp.NewContext makes others.
func Chromium(t *testing.T) context.Context {
	t.Helper()
	const patience = 2 * time.Minute
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(Program(t, "chromium", "chromium")), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("no-sandbox", true), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true))
	ctx, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	t.Cleanup(closeBrowser)
	require.NoError(t, chromedp.Do(ctx))
	return ctx
}
