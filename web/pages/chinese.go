package pages

import (
	"maps"

	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"
)

// chinese is Simplified Chinese as developers and reviewers of mini-programs in mainland China read it. A row is a line in one of the
// tables; a test prints the rows that are missing. Its terms:
//
//	mini-program  小程序     request (creation)  创建申请    grayscale release   灰度发布    access token  访问令牌
//	host app      宿主应用   request (publish)   发布申请    production release  全量发布    pipeline      流水线
//	package       代码包     review              审核        rollout, stage      发布、阶段  edge          边缘节点
//	candidate     候选版本   reject              驳回        bake time           观察期      audit trail   审计日志
//	live version  线上版本   withdraw            撤回        health gate         健康门禁    timeline      时间线
//	refused       被拒绝     overdue             逾期        held                挂起        revision      修订号
//	inspection    检查       take offline        下架        tester              体验用户    workflow      工作流
//	finding       检查结果   suspend             强制下架    roll back, revert   回滚、回退  revoke        吊销
var chinese = dictionary{
	language: language.SimplifiedChinese, name: "简体中文",
	messages: texts(chineseTables...),
	sayings:  chineseSayings,
}

var chineseTables = []map[string]string{chineseNames, chinesePages, chineseForms, chineseReports, chineseScript}

// chineseSayings are what others word.
var chineseSayings = []map[string]string{chineseRefusals, chineseRemarks, chineseFindings}

// texts are messages that depend on no number, from several tables.
func texts(tables ...map[string]string) map[string]catalog.Message {
	messages := map[string]catalog.Message{}
	for _, table := range tables {
		for key, text := range maps.All(table) {
			messages[key] = catalog.String(text)
		}
	}
	return messages
}
