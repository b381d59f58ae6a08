package e2e

import (
	"net/http"
	"os"
	"os/exec"

	"github.com/stretchr/testify/require"
)

// web starts the web of an installation and returns its address once it serves people; env adds to its environment. It runs
// whether there is a worker or not.
func (p *platform) web(env ...string) (url string) {
	p.t.Helper()
	url = p.webForHostApps(env...)
	p.eventually("the web is ready", func() bool { return get(url+"/readyz") == http.StatusOK })
	return url
}

// webForHostApps is a web that need not be able to serve people: nobody asks whether the database answers it.
func (p *platform) webForHostApps(env ...string) (url string) {
	p.t.Helper()
	addr := freeAddress(p)
	command := exec.Command(webBin)
	command.Env = append(append(append(os.Environ(), p.env...), "WEB_ADDR="+addr), env...)
	command.Stdout, command.Stderr = p.output, p.output
	require.NoError(p.t, command.Start())
	p.t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		require.NoError(p.t, command.Wait(), "the web stops gracefully")
	})
	p.eventually("the web is alive", func() bool { return get("http://"+addr+"/healthz") == http.StatusOK })
	return "http://" + addr
}

func freeAddress(p *platform) string { return freePort(p.t) }
