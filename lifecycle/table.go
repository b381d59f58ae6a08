package lifecycle

import "slices"

// Rule is one row of the transition table: who may take the action, in which states, and where it may lead.
type Rule struct {
	Action Action
	// Label is what a button says. The action's name is for programs.
	Label string
	// Summary says in a few words what the action does; it describes the signal in Temporal UI.
	Summary string
	Kind    Kind
	Roles   []Role
	// Anyone lets everybody who is signed in act, whatever their role and team; but for auditors.
	Anyone bool
	From   []State
	// To lists the states that the action may lead to; empty means that the state stays as it is.
	To []State
	// Fields are the fields of a command that the action has a use for, besides those that go with every action.
	Fields []string
	// NeedsComment refuses the action without a comment.
	NeedsComment bool
	// Decides marks the decisions that nobody may take on what they themselves requested.
	Decides bool

	// unless says why the action is not possible although the state would allow it; "" when it is possible, nil when it always is.
	unless func(MiniProgram) string
	// check refuses commands that are wrong in themselves; nil means that there is nothing more to check.
	check func(MiniProgram, Command, Settings) *Refusal
	// checkFacts refuses what the facts speak against; nil means that none do.
	checkFacts func(MiniProgram, Command, Facts) *Refusal
	// apply makes the mini-program what it is after the action.
	apply func(*MiniProgram, change)
}

var (
	development = []State{CodeAvailable, PublishingCancelled, PublishingRejected}
	offline     = []State{UnpublishedByDev, SuspendedByOp}
	rollingOut  = []State{GrayscaleRelease, ProductionRelease}
	underReview = []State{CreationPending, PublishingPending}
	unfinished  = slices.DeleteFunc(slices.Clone(States), State.Final)
	mayServe    = []State{CodeAvailable, PublishingPending, PublishingCancelled, PublishingRejected,
		ReadyToPublish, GrayscaleRelease, ProductionRelease, Published}
)

// Table is the transition table. Everything reads it: the decisions, the list of legal actions, the diagram, the signals of the
// workflow and their descriptions.
var Table = []Rule{
	{
		Action: RequestCreation, Label: "Request creation", Summary: "Ask the platform to create a mini-program",
		Roles: []Role{Developer}, From: []State{"", CreationCancelled, CreationRejected}, To: []State{CreationPending},
		apply: func(m *MiniProgram, c change) { m.State, m.Review = CreationPending, c.openReview(*m) },
	}, {
		Action: CancelCreation, Label: "Withdraw the request", Summary: "Withdraw the request for creation",
		Roles: []Role{Developer}, From: []State{CreationPending}, To: []State{CreationCancelled},
		apply: endReview(CreationCancelled),
	}, {
		Action: ApproveCreation, Label: "Approve", Summary: "Approve the request for creation",
		Roles: []Role{Reviewer}, From: []State{CreationPending}, To: []State{CodeUnavailable, CreationPending}, Decides: true,
		apply: approve(endReview(CodeUnavailable)),
	}, {
		Action: RejectCreation, Label: "Reject", Summary: "Reject the request for creation; needs a comment",
		Roles: []Role{Reviewer}, From: []State{CreationPending}, To: []State{CreationRejected}, Decides: true, NeedsComment: true,
		apply: endReview(CreationRejected),
	}, {
		Action: UploadCode, Label: "Upload code", Summary: "Upload a code package (version and sha256 of a package in the store)",
		Roles: []Role{Developer}, To: []State{CodeAvailable},
		From:   slices.Concat([]State{CodeUnavailable}, development, []State{ReadyToPublish, Published}, offline),
		Fields: []string{"package", "notes"},
		check:  checkPackage, apply: uploadCode,
	}, {
		Action: DiscardCode, Label: "Discard the code", Summary: "Discard the uploaded code package",
		Roles: []Role{Developer}, From: append(slices.Clone(development), ReadyToPublish), To: []State{CodeUnavailable, Published},
		apply: discardCode,
	}, {
		Action: RequestPublishing, Label: "Submit for review", Summary: "Submit the code package for review",
		Roles: []Role{Developer}, From: slices.Concat(development, offline), To: []State{PublishingPending},
		Fields: []string{"package", "notes"},
		check:  checkSubmission, apply: requestPublishing,
	}, {
		Action: CancelPublishing, Label: "Withdraw", Summary: "Withdraw the request to publish, or the approval",
		Roles: []Role{Developer}, From: []State{PublishingPending, ReadyToPublish}, To: []State{PublishingCancelled},
		apply: endReview(PublishingCancelled),
	}, {
		Action: ApprovePublishing, Label: "Approve", Summary: "Approve the request to publish",
		Roles: []Role{Reviewer}, From: []State{PublishingPending}, To: []State{ReadyToPublish, PublishingPending}, Decides: true,
		Fields:     []string{"waivers"},
		checkFacts: checkWaivers, apply: approve(approvePublishing),
	}, {
		Action: RejectPublishing, Label: "Reject", Summary: "Reject the request to publish; needs a comment",
		Roles: []Role{Reviewer}, From: []State{PublishingPending}, To: []State{PublishingRejected}, Decides: true, NeedsComment: true,
		apply: endReview(PublishingRejected),
	}, {
		Action: Publish, Label: "Publish", Summary: "Start the grayscale release, now or at a time",
		Roles: []Role{Developer, System}, From: []State{ReadyToPublish}, To: []State{GrayscaleRelease, ReadyToPublish},
		Fields: []string{"plan", "at"},
		check:  checkPublish, apply: publish,
	}, {
		Action: CancelSchedule, Label: "Cancel the schedule", Summary: "Cancel the scheduled publication",
		Roles: []Role{Developer}, From: []State{ReadyToPublish}, unless: notScheduled,
		apply: func(m *MiniProgram, _ change) { m.Schedule = nil },
	}, {
		Action: SetGrayscale, Label: "Set percentage", Summary: "Change the percentage or the testers of the grayscale release",
		Roles: []Role{Developer, ReleaseManager}, From: []State{GrayscaleRelease},
		Fields: []string{"percent", "testers"},
		check:  checkGrayscale, apply: setGrayscale,
	}, {
		Action: Promote, Label: "Promote to production", Summary: "Go on from grayscale to the production release",
		Roles: []Role{Developer, ReleaseManager, System}, From: []State{GrayscaleRelease}, To: []State{ProductionRelease},
		apply: promote,
	}, {
		Action: Advance, Label: "Next stage", Summary: "Go on to the next stage; after the last one everyone has it",
		Roles: []Role{ReleaseManager, System}, From: []State{ProductionRelease}, To: []State{ProductionRelease, Published},
		apply: advance,
	}, {
		Action: Pause, Label: "Pause", Summary: "Stop the clock of the rollout",
		Roles: []Role{Developer, ReleaseManager, Operator, System}, From: rollingOut, unless: alreadyPaused,
		apply: func(m *MiniProgram, c change) {
			m.Rollout = with(m.Rollout, func(r *Rollout) { r.pause(c.now, c.settings) })
		},
	}, {
		Action: Resume, Label: "Resume", Summary: "Let the clock of the rollout run on",
		Roles: []Role{Developer, ReleaseManager, Operator}, From: rollingOut, unless: notPaused,
		apply: func(m *MiniProgram, c change) {
			m.Rollout = with(m.Rollout, func(r *Rollout) { r.resume(c.now) })
		},
	}, {
		Action: ChangePlan, Label: "Change the plan", Summary: "Change the rollout plan; stages already passed stay passed",
		Roles: []Role{Developer, ReleaseManager}, From: []State{ReadyToPublish, GrayscaleRelease, ProductionRelease},
		Fields: []string{"plan"},
		check:  checkChangePlan, apply: changePlan,
	}, {
		Action: Rollback, Label: "Roll back", Summary: "Take the candidate back; the live version serves everyone again; needs a comment",
		Roles: []Role{Developer, ReleaseManager, Operator, System}, From: rollingOut, To: []State{CodeAvailable}, NeedsComment: true,
		apply: endReview(CodeAvailable),
	}, {
		Action: Revert, Label: "Revert to the version before", Summary: "Go back to the version that was live before",
		Roles: []Role{Developer, ReleaseManager}, From: []State{Published}, unless: nothingBefore,
		apply: func(m *MiniProgram, _ change) { m.Live, m.Previous = &m.Previous[0], m.Previous[1:] },
	}, {
		Action: Unpublish, Label: "Take offline", Summary: "Take the mini-program offline; needs a comment",
		Roles: []Role{Developer}, From: mayServe, To: []State{UnpublishedByDev}, NeedsComment: true, unless: notServed,
		apply: func(m *MiniProgram, _ change) { m.goOffline(UnpublishedByDev) },
	}, {
		Action: Suspend, Label: "Suspend", Summary: "Take the mini-program offline as the platform; needs a comment",
		Roles: []Role{Operator}, From: mayServe, To: []State{SuspendedByOp}, NeedsComment: true, unless: notServed,
		apply: suspend,
	}, {
		Action: LeaveFeedback, Label: "Leave feedback", Summary: "Rate the candidate from 1 to 5, with a text",
		Anyone: true, Kind: KindRemark, From: rollingOut,
		Fields: []string{"rating", "text"},
		check:  checkFeedback, apply: leaveFeedback,
	}, {
		Action: Comment, Label: "Comment", Summary: "Write to the team and the platform, or to the platform only",
		Roles: []Role{Developer, Reviewer, ReleaseManager, Operator}, Kind: KindRemark, From: unfinished,
		Fields: []string{"text", "platform_only", "file", "line", "package"},
		check:  checkComment, apply: func(*MiniProgram, change) {}, // the audit trail has it
	}, {
		Action: Assign, Label: "Assign", Summary: "Say who takes the request; nobody hands it back",
		Roles: []Role{Reviewer}, Kind: KindRemark, From: underReview,
		Fields: []string{"assignee"},
		check:  checkAssignee, apply: func(m *MiniProgram, c change) {
			m.Review = with(m.Review, func(r *Review) { r.Assignee = c.Assignee })
		},
	}, {
		Action: Expedite, Label: "Expedite", Summary: "Ask for a decision sooner; needs a comment",
		Roles: []Role{Developer}, From: []State{PublishingPending}, NeedsComment: true, unless: alreadyExpedited,
		apply: expedite,
	},
}

// notes are the rows of what is observed. They are decided and recorded as actions are, but nobody can ask for them.
var notes = []Rule{
	{
		Action: Reminded, Label: "Reminder", Kind: KindNote,
		Roles: []Role{System}, From: slices.Concat(underReview, rollingOut), unless: nobodyToRemind,
		apply: remind,
	}, {
		Action: Escalated, Label: "Overdue", Kind: KindNote,
		Roles: []Role{System}, From: underReview, unless: alreadyOverdue,
		apply: escalate,
	}, {
		Action: Held, Label: "Held", Kind: KindNote,
		Roles: []Role{System}, From: rollingOut, unless: alreadyPaused,
		apply: hold,
	}, {
		Action: HealthChanged, Label: "Health changed", Kind: KindNote,
		Roles: []Role{System}, From: rollingOut,
		apply: func(*MiniProgram, change) {}, // every decision keeps the verdict that it comes with
	}, {
		Action: Recovered, Label: "Recovered", Kind: KindNote,
		Roles: []Role{Operator}, From: unfinished,
		apply: func(*MiniProgram, change) {},
	},
}

// Actions lists every action in the order of the table.
var Actions = func() []Action {
	actions := make([]Action, len(Table))
	for i, rule := range Table {
		actions[i] = rule.Action
	}
	return actions
}()

// RuleFor finds the row of an action; ok is false for an action that does not exist.
func RuleFor(action Action) (rule Rule, ok bool) {
	for _, rule := range Table {
		if rule.Action == action {
			return rule, true
		}
	}
	return Rule{}, false
}

// ruleOrNote finds the row of an action or a note.
func ruleOrNote(action Action) (rule Rule, ok bool) {
	for _, rule := range notes {
		if rule.Action == action {
			return rule, true
		}
	}
	return RuleFor(action)
}

// Label is what people call an action or a note; one that this version does not know keeps its name.
func (a Action) Label() string {
	if rule, ok := ruleOrNote(a); ok {
		return rule.Label
	}
	return string(a)
}

// KindOf tells what a record is about; an action that this version does not know counts as an action.
func KindOf(action Action) Kind {
	rule, _ := ruleOrNote(action)
	return rule.Kind
}

// people are the roles that persons can have: all but System.
func (rule Rule) people() []Role {
	return slices.DeleteFunc(slices.Clone(rule.Roles), func(role Role) bool { return role == System })
}

func notScheduled(m MiniProgram) string {
	if m.Schedule == nil {
		return "no publication is scheduled"
	}
	return ""
}

func notPaused(m MiniProgram) string {
	if !m.Rollout.Paused() {
		return "the rollout is not paused"
	}
	return ""
}

func alreadyPaused(m MiniProgram) string {
	if m.Rollout.Paused() {
		return "the rollout is already paused"
	}
	return ""
}

func nothingBefore(m MiniProgram) string {
	if len(m.Previous) == 0 {
		return "no version was live before this one"
	}
	return ""
}

func notServed(m MiniProgram) string {
	if !m.Served() {
		return "no version is served to anyone"
	}
	return ""
}

func nobodyToRemind(m MiniProgram) string {
	if m.Review != nil && !m.Review.Reminded || m.Rollout != nil && m.Rollout.Paused() {
		return ""
	}
	return "nobody has to be reminded of anything"
}

func alreadyExpedited(m MiniProgram) string {
	if m.Review.Expedited {
		return "the request is expedited already"
	}
	return ""
}

func alreadyOverdue(m MiniProgram) string {
	if m.Review.Overdue {
		return "the review is already overdue"
	}
	return ""
}
