package pages

import "slipway/lifecycle"

// waiting says what a mini-program in this state waits for.
func (w words) waiting(state lifecycle.State) string {
	switch state {
	case lifecycle.CreationPending:
		return w.t("the platform's decision on the creation")
	case lifecycle.CreationCancelled:
		return w.t("nothing: the request was withdrawn")
	case lifecycle.CreationRejected:
		return w.t("nothing: the request was denied")
	case lifecycle.CodeUnavailable:
		return w.t("a code package")
	case lifecycle.CodeAvailable:
		return w.t("the request to publish")
	case lifecycle.PublishingPending:
		return w.t("the review")
	case lifecycle.PublishingCancelled:
		return w.t("a request to publish, or another package")
	case lifecycle.PublishingRejected:
		return w.t("another package, or a new request to publish")
	case lifecycle.ReadyToPublish:
		return w.t("the publication")
	case lifecycle.GrayscaleRelease:
		return w.t("the end of the bake time")
	case lifecycle.ProductionRelease:
		return w.t("the next stage")
	case lifecycle.Published:
		return w.t("nothing: everyone has it")
	case lifecycle.UnpublishedByDev, lifecycle.SuspendedByOp:
		return w.t("a new request to publish")
	default:
		return ""
	}
}

// next says what happens next; the page adds when.
func (w words) next(status lifecycle.Status) string {
	next := status.Next
	switch {
	case next == nil || next.At == nil && next.Remaining == nil && next.Closure == nil:
		return w.t("It waits for %s.", w.waiting(status.State))
	case next.Overdue:
		return w.t("The request is overdue; a reviewer has to decide.")
	case status.State.UnderReview():
		return w.t("A reviewer has to decide.")
	case next.Remaining != nil:
		return w.t("Paused. The clock stands still until somebody resumes the rollout.")
	case next.Closure != nil:
		return w.closure(*next.Closure)
	case next.Held != "":
		return w.t("Held: %s.", w.name(next.Held))
	case next.Action == lifecycle.Publish:
		return w.t("It will be published automatically.")
	case !next.BySystem():
		return w.t("Somebody has to promote it; it does not go on by itself.")
	case next.Action == lifecycle.Promote:
		return w.t("It will be promoted to the production release.")
	case next.To == lifecycle.Published:
		return w.t("It will become Published.")
	default:
		return w.t("The next stage will begin, with %s of the users.", w.percent(*next.Percent))
	}
}

// closure says what a release waits for that is due.
func (w words) closure(closure lifecycle.Closure) string {
	if closure.Stopped {
		return w.t("Due, but the line is stopped. It goes on when somebody lifts the stop.")
	}
	return w.t("Due, but it waits for the next release window: %s.", w.said(closure.Reason))
}
