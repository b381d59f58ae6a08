package lifecycle

import "time"

// Next is what happens next with a mini-program: the action that takes it on, whose turn that is, and when. It is data; each surface
// has words for it.
type Next struct {
	Action Action `json:"action"`
	// By are the roles whose turn it is: System where it happens by itself.
	By []Role `json:"by"`
	// At is when it happens by itself or is due; nil where no time is set, as while a rollout is paused.
	At *time.Time `json:"at"`
	// Overdue says that At has passed without a decision.
	Overdue bool `json:"overdue,omitempty"`
	// Held says why a stage whose time was over at At waits for a person.
	Held Hold `json:"held,omitempty"`
	// Remaining is what is left of the stage of a paused rollout.
	Remaining *Duration `json:"remaining,omitempty"`
	// To is the state that it leads to, Percent the share of the users that have the candidate then; nil outside a rollout.
	To      State    `json:"to"`
	Percent *Percent `json:"percent,omitempty"`
}

// BySystem tells whether it happens without anybody's doing.
func (n Next) BySystem() bool { return len(n.By) == 1 && n.By[0] == System }

// forward is the action that takes a mini-program on towards Published; nothing follows the states that are not here.
var forward = map[State]Action{
	CreationPending: ApproveCreation, CodeUnavailable: UploadCode, CodeAvailable: RequestPublishing,
	PublishingPending: ApprovePublishing, PublishingCancelled: RequestPublishing, PublishingRejected: UploadCode,
	ReadyToPublish: Publish, GrayscaleRelease: Promote, ProductionRelease: Advance,
	UnpublishedByDev: RequestPublishing, SuspendedByOp: RequestPublishing,
}

// Next tells what happens next; nil where nothing is awaited: the mini-program is Published, or its lifecycle is over.
func (m MiniProgram) Next() *Next {
	action, ok := forward[m.State]
	if !ok {
		return nil
	}
	rule, _ := RuleFor(action)
	next := Next{Action: action, By: rule.people(), To: rule.To[0]}
	switch {
	case m.Review != nil:
		next.At, next.Overdue = &m.Review.DueAt, m.Review.Overdue
	case m.Schedule != nil:
		next.At, next.By = &m.Schedule.At, []Role{System}
	case m.Rollout != nil:
		m.Rollout.next(&next)
	}
	return &next
}

// next completes what follows the present stage.
func (r Rollout) next(next *Next) {
	after := r
	if r.LastStage() {
		next.To = Published
	} else {
		after.Stage++
	}
	next.Percent = new(after.Percent())
	next.Held = r.Held
	if r.Paused() {
		resume, _ := RuleFor(Resume)
		next.Action, next.By, next.To = Resume, resume.people(), ""
		next.Percent, next.Remaining = nil, new(Duration(r.Remaining(*r.PausedAt)))
		return
	}
	at, _ := r.EndsAt()
	next.At = &at
	if r.Held == "" && !r.WaitsForPerson() {
		next.By = []Role{System}
	}
}
