package model

import (
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Gets is what a user gets: the variant, and the version; "unavailable" without one.
func (m *MiniProgram) Gets(user string) (variant, version string) {
	switch {
	case m.Rollout != nil && (slices.Contains(m.Rollout.Plan.Grayscale.Testers, user) || m.bucket(user) < m.Rollout.Percent()):
		return "candidate", m.Candidate.Version
	case m.Live != nil:
		return "live", m.Live.Version
	default:
		return "unavailable", ""
	}
}

// bucket is the place of a user among the 10,000 cohorts of the candidate. It hangs on nothing else, so that a user stays where they are.
func (m *MiniProgram) bucket(user string) Percent {
	return Percent(xxhash.Sum64String(m.ID+"\x00"+m.Candidate.Version+"\x00"+user) % uint64(Everyone))
}
