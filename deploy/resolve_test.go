package deploy_test

import (
	"go/version"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// asksAgain is the first nginx that asks again for the name of a server of an upstream.
const asksAgain = "1.27.3"

// isBefore compares numbers with dots, as Go's versions are.
func isBefore(one, other string) bool { return version.Compare("go"+one, "go"+other) < 0 }

func TestTheProxyAsksDockerAgainWhereAWebIs(t *testing.T) {
	file := proxyFile(t)
	assert.Contains(t, file, "resolver 127.0.0.11 valid=5s")
	assert.Len(t, regexp.MustCompile(`(?m)^ +server web-[12]:8080 .*resolve;$`).FindAllString(file, -1), 2)
	image := strings.TrimPrefix(project(t).Services["proxy"].Image, "nginx:")
	pinned, _, _ := strings.Cut(image, "-")
	assert.False(t, isBefore(pinned, asksAgain), image)
}
