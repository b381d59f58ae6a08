package pages

import "slipway/lifecycle"

var waitingFor = map[lifecycle.State]string{
	lifecycle.CreationPending:     "the platform's decision on the creation",
	lifecycle.CreationCancelled:   "nothing: the request was withdrawn",
	lifecycle.CreationRejected:    "nothing: the request was denied",
	lifecycle.CodeUnavailable:     "a code package",
	lifecycle.CodeAvailable:       "the request to publish",
	lifecycle.PublishingPending:   "the review",
	lifecycle.PublishingCancelled: "a request to publish, or another package",
	lifecycle.PublishingRejected:  "another package, or a new request to publish",
	lifecycle.ReadyToPublish:      "the publication",
	lifecycle.GrayscaleRelease:    "the end of the bake time",
	lifecycle.ProductionRelease:   "the next stage",
	lifecycle.Published:           "nothing: everyone has it",
	lifecycle.UnpublishedByDev:    "a new request to publish",
	lifecycle.SuspendedByOp:       "a new request to publish",
}

// waiting says what a mini-program in this state waits for.
func waiting(state lifecycle.State) string { return waitingFor[state] }

// nextInWords says what happens next; the page adds when.
func nextInWords(status lifecycle.Status) string {
	next := status.Next
	switch {
	case next == nil || next.At == nil && next.Remaining == nil:
		return sentence("it waits for " + waiting(status.State))
	case next.Overdue:
		return "The request is overdue; a reviewer has to decide."
	case status.State.UnderReview():
		return "A reviewer decides."
	case next.Remaining != nil:
		return "Paused. The clock stands still until somebody resumes the rollout."
	case next.Held != "":
		return sentence("held: " + string(next.Held))
	case next.Action == lifecycle.Publish:
		return "It is published by itself."
	case !next.BySystem():
		return "Somebody promotes it; it does not go on by itself."
	case next.Action == lifecycle.Promote:
		return "It is promoted to the production release."
	case next.To == lifecycle.Published:
		return "It becomes Published."
	default:
		return "The next stage begins, with " + next.Percent.String() + " of the users."
	}
}
