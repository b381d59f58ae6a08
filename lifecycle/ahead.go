package lifecycle

import "time"

// StageAhead is a stage, or what is left of one, as it comes if nobody pauses it and the health gate lets it go on.
type StageAhead struct {
	Stage        int // 0 is grayscale
	Percent      Percent
	Begins, Ends time.Time
}

// Ahead is what the plan has in store: the rest of the present stage from now on, and the stages to come. What ends only when a person says
// so is taken to end as early as it can: a paused rollout goes on now with what is left of its stage, a stage whose time is over ends now.
func (r Rollout) Ahead(now time.Time) []StageAhead {
	ends := now.Add(r.Remaining(now))
	stages := []StageAhead{{r.Stage, r.Percent(), now, ends}}
	for next := r; !next.LastStage(); {
		next.enter(next.Stage+1, ends)
		begins := ends
		ends = begins.Add(next.StageTime())
		stages = append(stages, StageAhead{next.Stage, next.Percent(), begins, ends})
	}
	return stages
}

// WithPlan is the rollout after its plan was changed: stages already passed stay passed.
func (r Rollout) WithPlan(plan Plan) Rollout {
	if !r.Plan.Health.Same(plan.Health) {
		r.Health = nil // it is the verdict of another gate
	}
	r.Plan, r.Held, r.Closure = r.Plan.changedAt(r.Stage, plan), "", nil
	return r
}
