package packages_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

// domainsIn are the hosts that an inspection finds in one file of a mini-program.
func domainsIn(t *testing.T, name, content string) (hosts []string) {
	t.Helper()
	report := inspect(t, weather(t, without("common/forecast.js"), with(name, content)), packages.Options{})
	for _, d := range report.Domains {
		hosts = append(hosts, d.Host)
	}
	return hosts
}

func TestDomainsOfURLsThatLeaveTheSchemeToThePageAreFound(t *testing.T) {
	for content, host := range map[string]string{
		`load("//cdn.evil.example/x.js")`:               "cdn.evil.example",
		`load('//cdn.evil.example')`:                    "cdn.evil.example",
		"load(`//cdn.evil.example${path}`)":             "cdn.evil.example",
		`.a{background:url(//cdn.evil.example/a.png)}`:  "cdn.evil.example",
		`<script src=//cdn.evil.example/x.js></script>`: "cdn.evil.example",
		`{"from":"\/\/cdn.evil.example\/x.js"}`:         "cdn.evil.example",
		`t="https:"+"//cdn.evil.example?a=1"`:           "cdn.evil.example",
		`"//cdn.evil.example:8443/x"`:                   "cdn.evil.example",
		`"//known.example&@cdn.evil.example/x"`:         "cdn.evil.example",
		`"//пример.рф/x"`:                               "пример.рф",
		`"//evil.so/x.js"`:                              "evil.so",
		`"//192.0.2.7/x.js"`:                            "192.0.2.7",
		`"//[2001:db8::1]/x.js"`:                        "[2001:db8::1]",
		strings.Repeat(" ", 65_530) + `"//cut.example"`: "cut.example",
	} {
		assert.Equal(t, []string{host}, domainsIn(t, "common/code.js", content), strings.TrimSpace(content))
	}
}

func TestCommentsAndPathsAreNoDomains(t *testing.T) {
	for _, content := range []string{
		`x = 1 //example.com`, `x = 1; //example.com/docs`, "//example.com\nx = 1", `x=y//example.com`, `f()//example.com`, `{//example.com`,
		"x=//this.value\n1", "f(//app.globalData holds it\n1)", `e.exports="//"+t`, `"//"===e.slice(0,2)&&(e=r+e)`,
		`var n=/^(?:[a-z]+:)?\/\//i;n.test(e)?e:"//"+location.host`, `e.replace(/([^:])\/\/+/g,"$1/")`, `a=b/c.d//e.f/g`,
		`eval("//console.log(a.b)")`, `"//this.data.list = []"`, `t.push("//# sourceMappingURL=app.js.map")`, `"//@ sourceURL=app.js"`,
		`require("//utils.js")`, `x="y"//see a.b`, `s="//www.w3.org/2000/svg"`, `"//localhost/a"`, `"///a.b/c"`, `"//1.2/c"`,
	} {
		assert.Empty(t, domainsIn(t, "common/code.js", content), content)
	}
}

func TestDomainsAreFoundBehindEscapesAndUsers(t *testing.T) {
	for content, hosts := range map[string][]string{
		`"see\nhttps://new.example/"`:                       {"new.example"},
		`"a\thttps://tab.example/\rHTTP://return.example/"`: {"return.example", "tab.example"},
		`"\u003chttps://code.example\u003e"`:                {"code.example"},
		`"\x3Cwss://hex.example"`:                           {"hex.example"},
		`"https://api.known.example&@evil.example/"`:        {"api.known.example", "evil.example"},
		`"https://api.known.example!$'()*+,;=@evil.example"`: {
			"api.known.example", "evil.example"},
		`"https://a:b@c&d@evil.example/"`:           {"evil.example"},
		"`https://${user}:${word}@evil.example/`":   {"evil.example"},
		`["https://a.example","me@mail.example"]`:   {"a.example"},
		`https://a.example/?q=me@mail.example`:      {"a.example"},
		`e='https://a.example',t.b='@vant/weapp/c'`: {"a.example"},
		`"http://[2001:db8::1]/"`:                   {"[2001:db8::1]"},
		`"ws://[2001:DB8:0::1]:8080"`:               {"[2001:db8::1]"},
		`"http://[192.0.2.7]/ http://[host]/"+a[0]`: nil,
		`"C:\\xhttps://no.example"`:                 nil,
	} {
		assert.Equal(t, hosts, domainsIn(t, "common/code.js", content), content)
	}
}
