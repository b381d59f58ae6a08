package notify

import "slipway/lifecycle"

// vocabulary is what messages say in one language. In a sentence, {it} is the mini-program with its version and {who} whoever did it.
type vocabulary struct {
	sentences map[lifecycle.Action]string
	// other is for what this version does not know by name.
	other string
	// because joins a sentence and what was said with it; stop ends one with which nothing was said.
	because, stop string
	timer, gate   string
	// reasons are those that Slipway words itself.
	reasons map[string]string
	// mail words what frames messages of mail.
	mail mailWords
}

// mailWords frame a mail: Several is the subject of one with several messages, Settings leads to where it is switched off.
type mailWords struct{ several, settings string }

// wordsOf finds those of a language; of one that there is not, the English ones.
func wordsOf(language string) vocabulary {
	if language == "zh-Hans" {
		return chinese
	}
	return english
}

var english = vocabulary{
	sentences: map[lifecycle.Action]string{
		lifecycle.RequestCreation:   "{who} asks for the creation of {it}",
		lifecycle.CancelCreation:    "{who} withdrew the request to create {it}",
		lifecycle.ApproveCreation:   "{who} approved the creation of {it}",
		lifecycle.RejectCreation:    "{who} rejected the creation of {it}",
		lifecycle.UploadCode:        "{who} uploaded {it}",
		lifecycle.DiscardCode:       "{who} discarded the code of {it}",
		lifecycle.RequestPublishing: "{who} asks for a review of {it}",
		lifecycle.CancelPublishing:  "{who} withdrew {it} from publishing",
		lifecycle.ApprovePublishing: "{who} approved {it}",
		lifecycle.RejectPublishing:  "{who} rejected {it}",
		lifecycle.Publish:           "{who} published {it}",
		lifecycle.CancelSchedule:    "{who} cancelled the scheduled publication of {it}",
		lifecycle.SetGrayscale:      "{who} changed who gets {it} in the grayscale release",
		lifecycle.Promote:           "{who} promoted {it} to the production release",
		lifecycle.Advance:           "{who} let {it} go on to the next stage",
		lifecycle.Pause:             "{who} paused the rollout of {it}",
		lifecycle.Resume:            "{who} resumed the rollout of {it}",
		lifecycle.ChangePlan:        "{who} changed the rollout plan of {it}",
		lifecycle.Rollback:          "{who} rolled {it} back",
		lifecycle.Revert:            "{who} reverted {it} to the version before",
		lifecycle.Unpublish:         "{who} took {it} offline",
		lifecycle.Suspend:           "{who} suspended {it}",
		lifecycle.LeaveFeedback:     "{who} left feedback on {it}",
		lifecycle.Comment:           "{who} commented on {it}",
		lifecycle.Assign:            "{who} changed who reviews {it}",
		lifecycle.Expedite:          "{who} asks for a decision on {it} sooner",
		lifecycle.Reminded:          "{it} still waits for somebody",
		lifecycle.Escalated:         "The review of {it} is overdue",
		lifecycle.Held:              "The rollout of {it} is held",
		lifecycle.HealthChanged:     "The health of {it} has changed",
		lifecycle.Recovered:         "{who} recovered the workflow of {it}",
		approvedStep:                "{who} approved a step of the review of {it}; others are open",
		testAction:                  "This is a test from {who}: the subscription works",
	},
	other: "{who}: %s of {it}", because: "%s: %s", stop: ".", timer: "A timer", gate: "The health gate",
	mail: mailWords{several: "[%s] %d messages", settings: "What you are mailed about: %s"},
}

var chinese = vocabulary{
	sentences: map[lifecycle.Action]string{
		lifecycle.RequestCreation:   "{who} 申请创建 {it}",
		lifecycle.CancelCreation:    "{who} 撤回了 {it} 的创建申请",
		lifecycle.ApproveCreation:   "{who} 通过了 {it} 的创建申请",
		lifecycle.RejectCreation:    "{who} 驳回了 {it} 的创建申请",
		lifecycle.UploadCode:        "{who} 上传了 {it}",
		lifecycle.DiscardCode:       "{who} 丢弃了 {it} 的代码包",
		lifecycle.RequestPublishing: "{who} 提交 {it} 等待审核",
		lifecycle.CancelPublishing:  "{who} 撤回了 {it} 的发布申请",
		lifecycle.ApprovePublishing: "{who} 通过了 {it} 的发布申请",
		lifecycle.RejectPublishing:  "{who} 驳回了 {it} 的发布申请",
		lifecycle.Publish:           "{who} 发布了 {it}",
		lifecycle.CancelSchedule:    "{who} 取消了 {it} 的定时发布",
		lifecycle.SetGrayscale:      "{who} 调整了 {it} 的灰度范围",
		lifecycle.Promote:           "{who} 将 {it} 转为全量发布",
		lifecycle.Advance:           "{who} 让 {it} 进入下一阶段",
		lifecycle.Pause:             "{who} 暂停了 {it} 的发布",
		lifecycle.Resume:            "{who} 恢复了 {it} 的发布",
		lifecycle.ChangePlan:        "{who} 修改了 {it} 的发布计划",
		lifecycle.Rollback:          "{who} 回滚了 {it}",
		lifecycle.Revert:            "{who} 将 {it} 回退到之前的版本",
		lifecycle.Unpublish:         "{who} 下架了 {it}",
		lifecycle.Suspend:           "{who} 强制下架了 {it}",
		lifecycle.LeaveFeedback:     "{who} 对 {it} 提交了反馈",
		lifecycle.Comment:           "{who} 评论了 {it}",
		lifecycle.Assign:            "{who} 变更了 {it} 的审核人",
		lifecycle.Expedite:          "{who} 申请加急审核 {it}",
		lifecycle.Reminded:          "{it} 仍在等待处理",
		lifecycle.Escalated:         "{it} 的审核已逾期",
		lifecycle.Held:              "{it} 的发布已挂起",
		lifecycle.HealthChanged:     "{it} 的健康状态有变化",
		lifecycle.Recovered:         "{who} 恢复了 {it} 的工作流",
		approvedStep:                "{who} 通过了 {it} 的一个审核步骤，其余步骤待审核",
		testAction:                  "这是 {who} 的测试消息：订阅工作正常",
	},
	other: "{who}：{it} 的 %s", because: "%s：%s", stop: "。", timer: "计时器", gate: "健康门禁",
	reasons: map[string]string{ // as pages word them
		string(lifecycle.HeldForPromotion): "计划要求由人工转为全量发布",
		string(lifecycle.HeldForHealth):    "无法确认此次发布的健康状态",
		string(lifecycle.HeldForWindow):    "等待下一个发布窗口",
		string(lifecycle.HeldForStop):      "发布已全部停止",
		"the bake time is over":            "观察期已结束",
		"the hold time is over":            "保持时间已结束",
	},
	mail: mailWords{several: "[%s] %d 条消息", settings: "邮件通知设置：%s"},
}
