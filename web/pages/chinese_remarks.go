package pages

// chineseRemarks are details of the timeline and verdicts of the health gate, by their formats.
var chineseRemarks = map[string]string{
	// what the timeline says that an action has set
	"scheduled for %s":            "定于 %v",
	"it was scheduled for %s":     "原定于 %v",
	"at %s, %s of the stage left": "%v 的用户，本阶段剩余 %v",
	"taken back from %s":          "从 %v 的用户撤回",
	"from %s to %s":               "从 %s 到 %s",
	"rating %d of 5":              "%s 分（满分 5 分）",
	"%s instead of %s":            "%v（原为 %v）",
	"%s instead of %d":            "%v（原为 %s 个）",
	"other testers, %s":           "更换了体验用户，%v",
	"as before: %s, %s":           "与之前相同：%v、%v",
	"1 tester":                    "1 个体验用户",
	"%d testers":                  "%s 个体验用户",
	"for everyone":                "面向所有用户",
	"to %s":                       "扩大到 %v",
	"to %s for %s":                "扩大到 %v，持续 %v",
	"own plan: %s":                "自定义计划：%v",
	"plan %s: %s":                 "计划 %s：%v",
	"%s for %s":                   "%v（持续 %v）",

	// what a health gate finds out
	"the query finds no data":                                                      "查询没有数据",
	"the query finds no data, which the plan counts as healthy":                    "查询没有数据，按计划视为健康",
	"the answer is not a number (NaN), as when nothing is divided by nothing":      "结果不是数字（NaN），例如零除以零",
	"the query gives a %s; it must give one number, or one for each series":        "查询结果的类型是 %s；须为一个数字，或每个序列一个数字",
	"the query gives something that is no number, such as a text":                  "查询结果不是数字，例如文字",
	"Prometheus cannot work with the query; it says: %s":                           "Prometheus 无法执行此查询；其提示为：%s",
	"Prometheus does not answer within %s":                                         "Prometheus 未在 %v内响应",
	"what answers at the address of Prometheus is not Prometheus":                  "在 Prometheus 地址上响应的不是 Prometheus",
	"Prometheus answers with an error of its own":                                  "Prometheus 返回了自身的错误",
	"Prometheus cannot be reached: its name is not known":                          "无法连接 Prometheus：无法解析其名称",
	"Prometheus cannot be reached: nothing listens at its address":                 "无法连接 Prometheus：其地址上没有服务",
	"Prometheus cannot be reached":                                                 "无法连接 Prometheus",
	"Prometheus cannot be asked":                                                   "无法查询 Prometheus",
	"the worker does not know where to ask; an operator has to set PROMETHEUS_URL": "worker 不知道向何处查询；须由平台运营设置 PROMETHEUS_URL",
	"%v is above the limit of %v":                                                  "%s 超过上限 %s",
	"%v is not above the limit of %v":                                              "%s 未超过上限 %s",
	"%s; breach %d of the %d in a row that count as failure":                       "%v；连续第 %s 次超限，连续 %s 次视为不健康",
}
