package lifecycle

import "slices"

// notes are the rows of what is observed. They are decided and recorded as actions are, but nobody can ask for them.
var notes = []Rule{
	{
		Action: Reminded, Label: "Reminder", Kind: KindNote, Roles: []Role{System}, From: append([]State{CreationPending, PublishingPending}, rollingOut...),
		when: unlessReminderWaits, apply: remind,
	}, {
		Action: Escalated, Label: "Overdue", Kind: KindNote, Roles: []Role{System}, From: []State{CreationPending, PublishingPending},
		when: ifOverdue, apply: escalate,
	}, {
		Action: Held, Label: "Held", Kind: KindNote, Roles: []Role{System}, From: rollingOut,
		when: ifPaused, apply: hold,
	}, {
		Action: HealthChanged, Label: "Health changed", Kind: KindNote, Roles: []Role{System}, From: rollingOut,
		apply: func(*MiniProgram, change) {}, // every decision keeps the verdict that it comes with
	}, {
		Action: Recovered, Label: "Recovered", Kind: KindNote, Roles: []Role{Operator}, From: slices.DeleteFunc(slices.Clone(States), State.Final),
		apply: func(*MiniProgram, change) {},
	},
}

// ruleOf finds the row of an action, a remark or a note.
func ruleOf(action Action) (rule Rule, ok bool) {
	for _, rule := range notes {
		if rule.Action == action {
			return rule, true
		}
	}
	return RuleFor(action)
}

// Label is what people call an action or a note; one that this version does not know keeps its name.
func (a Action) Label() string {
	if rule, ok := ruleOf(a); ok {
		return rule.Label
	}
	return string(a)
}

// KindOf tells what a record is about; an action that this version does not know counts as an action.
func KindOf(action Action) Kind {
	rule, _ := ruleOf(action)
	return rule.Kind
}

func unlessReminderWaits(m MiniProgram) string {
	switch {
	case m.Review != nil && !m.Review.Reminded, m.Rollout != nil && m.Rollout.Paused():
		return ""
	default:
		return "nobody waits for a reminder"
	}
}

func ifOverdue(m MiniProgram) string {
	if m.Review.Overdue {
		return "the review is overdue already"
	}
	return ""
}

// remind notes that people were reminded: reviewers once, those who watch a paused rollout again and again.
func remind(m *MiniProgram, c change) {
	if m.Review != nil {
		m.Review = with(m.Review, func(r *Review) { r.Reminded = true })
		return
	}
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.remindAfter(c.now, c.settings) })
}

// escalate marks the request under review overdue; the decision still waits for a person.
func escalate(m *MiniProgram, _ change) {
	m.Review = with(m.Review, func(r *Review) { r.Reminded, r.Overdue = true, true })
}

// hold notes why the stage goes on although its time is over.
func hold(m *MiniProgram, c change) {
	m.Rollout = with(m.Rollout, func(r *Rollout) { r.Held = Hold(c.Comment) })
}
