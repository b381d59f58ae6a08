package packages

// hosts are the systems that run mini-programs, with the extensions that each has for markup, for styles and for scripts in
// its markup. What pages may be written in and which kind a file is both follow from it.
var hosts = []struct{ name, markup, style, script string }{
	{"WeChat", ".wxml", ".wxss", ".wxs"},
	{"FinClip", ".fxml", ".ftss", ""},
	{"Alipay", ".axml", ".acss", ".sjs"},
	{"Douyin", ".ttml", ".ttss", ".sjs"},
	{"Baidu", ".swan", ".css", ".filter"},
	{"QQ", ".qml", ".qss", ".qs"},
	{"JD", ".jxml", ".jxss", ".jds"},
	{"Kuaishou", ".ksml", ".css", ""},
	{"Xiaohongshu", ".xhsml", ".xhss", ".sjs"},
	{"Tuya", ".tyml", ".tyss", ".sjs"},
	{"Binance", ".bxml", ".bxss", ".bxs"},
	{"W3C MiniApp", ".html", ".css", ""},
}

// markupExtensions are the extensions of markup of all hosts, logicExtensions those of the code of a page or a component.
var (
	markupExtensions = markupOfHosts()
	logicExtensions  = []string{".js", ".ts"}
)

func markupOfHosts() []string {
	var extensions []string
	for _, host := range hosts {
		extensions = append(extensions, host.markup)
	}
	return extensions
}

// addHosts gives the extensions of all hosts their kind.
func addHosts(kinds map[string]string) {
	for _, host := range hosts {
		kinds[host.markup], kinds[host.style] = kindMarkup, kindStyle
		if host.script != "" {
			kinds[host.script] = kindScript
		}
	}
}
