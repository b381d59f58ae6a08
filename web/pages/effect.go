package pages

import "slipway/lifecycle"

// effect says what an action does to users and to what is under way, where its summary does not; "" where there is no more to say.
func (w words) effect(action lifecycle.Action, status lifecycle.Status) string {
	switch action {
	case lifecycle.CancelCreation:
		return w.t("The request ends for good. The id may be requested anew.")
	case lifecycle.ApproveCreation, lifecycle.ApprovePublishing:
		return w.effectOfApproval(action, status)
	case lifecycle.RejectCreation:
		return w.t("The request ends for good. The team reads your comment, and may ask anew.")
	case lifecycle.RequestPublishing:
		return w.t("Reviewers look into version %s, which cannot change meanwhile.", versionOf(status.Candidate))
	case lifecycle.CancelPublishing:
		return w.t("Version %s loses its place in the review, or its approval. Nothing changes for users.", versionOf(status.Candidate))
	case lifecycle.RejectPublishing:
		return w.t("The team reads your comment, and has to submit anew. Nothing changes for users.")
	case lifecycle.DiscardCode:
		return w.t("Version %s is gone, with its approval if it has one. Nothing changes for users.", versionOf(status.Candidate))
	case lifecycle.Unpublish, lifecycle.Suspend:
		return w.t("Nobody can open it any more, from now on. A rollout or a review ends; it comes back only after another review.")
	default:
		return w.effectOnRelease(action, status)
	}
}

func (w words) effectOfApproval(action lifecycle.Action, status lifecycle.Status) string {
	switch {
	case status.Review != nil && !status.Review.LeadsOn():
		return w.t("This decides one step of the review; others have to decide the rest. Nothing changes for users yet.")
	case action == lifecycle.ApproveCreation:
		return w.t("The team may upload code. Users get nothing yet.")
	default:
		return w.t("The team may publish version %s when it wants to. Nothing changes for users yet.", versionOf(status.Candidate))
	}
}

// effectOnRelease is what an action does to what users have.
func (w words) effectOnRelease(action lifecycle.Action, status lifecycle.Status) string {
	candidate, live := versionOf(status.Candidate), versionOf(status.Live)
	switch {
	case action == lifecycle.Pause:
		return w.t("Users keep what they have. The stage goes on when somebody resumes it.")
	case action == lifecycle.Rollback && live == "":
		return w.t("Whoever has version %s loses the mini-program at once: no other version is live.", candidate)
	case action == lifecycle.Rollback:
		return w.t("Whoever has version %s gets %s again at once.", candidate, live)
	case action == lifecycle.Revert && len(status.Previous) > 0:
		return w.t("Everyone gets version %s again at once, instead of %s.", status.Previous[0].Version, live)
	case status.Next != nil && status.Next.Action == action && status.Next.Percent != nil:
		return w.t("From now on %s of the users get version %s.", status.Next.Percent.String(), candidate)
	default:
		return ""
	}
}

func versionOf(version *lifecycle.Version) string {
	if version == nil {
		return ""
	}
	return version.Version
}
