package pages

// chineseScript is what the script says.
var chineseScript = map[string]string{
	"%s is now signed in in this browser. This page was made for %s.":    "此浏览器现已登录为 %s，而本页面属于 %s。",
	"%s when you no longer need what is on it.":                          "不再需要页面内容时，请%s。",
	"Connection lost. This will be sent, once, when the server is back.": "连接已断开。服务器恢复后将自动提交，且只提交一次。",
	"Connection lost.": "连接已断开。",
	"Now %s":           "当前状态：%s",
	"Reload it":        "重新加载",
	"Sign in again":    "重新登录",
	"The preview cannot be shown at the moment.":                                                 "暂时无法显示预览。",
	"The server cannot answer at the moment; send it again.":                                     "服务器暂时无法响应，请重新提交。",
	"The server cannot show this page at the moment.":                                            "服务器暂时无法显示此页面。",
	"This did not arrive: the connection was lost. What you typed stays here; send it again.":    "连接中断，未能送达。您填写的内容仍保留在此，请重新提交。",
	"This is no longer possible. What you typed stays here for you to copy.":                     "此操作已无法进行。您填写的内容仍保留在此，可供复制。",
	"This page continues by itself when the server is back.":                                     "服务器恢复后，本页面会自动继续更新。",
	"What you see may be out of date; what you typed stays here.":                                "当前内容可能不是最新的；您填写的内容会保留。",
	"You are signed out. What you typed stays here. %s in another tab, and this page continues.": "您已退出登录，填写的内容仍保留在此。请在另一个标签页中%s，本页面随后会自动继续。",
	"any moment now": "即将",
	"in %s min %s s": "%s 分 %s 秒后",
	"in %s s":        "%s 秒后",
	"just now":       "刚刚",
}
