package delivery

import (
	"fmt"
	"slices"

	"slipway/catalog"
	"slipway/lifecycle"
)

// release is what the users of one mini-program get, in the form in which that is decided fast. It never changes. The
// fields are exported for the file copy.
type release struct {
	ID        string
	Change    int64
	Candidate *Package
	Percent   lifecycle.Percent
	Testers   []string // sorted
	// Live is the version for everyone, followed by those for older platforms, newest first.
	Live []Package
	// Preview is what previews show, nil for nothing, and PreviewSince the change since which it is that.
	Preview      *Package
	PreviewSince int64
	// Spoilt, as file copies call it, says that the release is stale: the newest stored one cannot be read, and this is the last good one
	// unless that is Missing.
	Spoilt, Missing bool
}

func newRelease(id string, change int64, serving lifecycle.Serving) (*release, error) {
	r := &release{ID: id, Change: change, Percent: serving.Percent, Testers: slices.Sorted(slices.Values(serving.Testers))}
	if serving.Candidate != nil {
		candidate, err := newPackage(*serving.Candidate)
		if err != nil {
			return nil, err
		}
		r.Candidate = &candidate
	}
	if serving.Live == nil {
		return r, nil // what was live before an outage was taken from the users
	}
	r.Live = make([]Package, 0, 1+len(serving.Previous))
	for _, version := range append([]lifecycle.Version{*serving.Live}, serving.Previous...) {
		live, err := newPackage(version)
		if err != nil {
			return nil, err
		}
		r.Live = append(r.Live, live)
	}
	return r, nil
}

// previews takes over what previews show. What cannot be read is not shown, which takes nothing from the users.
func (r *release) previews(stored catalog.Release) {
	if stored.Candidate == nil {
		return
	}
	if candidate, err := newPackage(*stored.Candidate); err == nil {
		r.Preview, r.PreviewSince = &candidate, stored.CandidateSince
	}
}

func newPackage(v lifecycle.Version) (Package, error) {
	sum, ok := ParseSHA256(v.SHA256)
	if !ok {
		return Package{}, fmt.Errorf("version %s has the sha256 %q, which is not 64 lower-case hexadecimal digits", v.Version, v.SHA256)
	}
	return Package{v.Version, sum, v.MinPlatform}, nil
}

// served tells whether any user gets anything.
func (r *release) served() bool { return r.Candidate != nil || len(r.Live) > 0 }

// packages yields all that users may be given.
func (r *release) packages(yield func(*Package) bool) {
	if r.Candidate != nil && !yield(r.Candidate) {
		return
	}
	for i := range r.Live {
		if !yield(&r.Live[i]) {
			return
		}
	}
}

// decide finds the version for a user. It allocates nothing.
func (r *release) decide(user string, platform int) Decision {
	variant, rule, pkg := r.choose(user, platform)
	return Decision{variant, rule, pkg, r.Change}
}

func (r *release) choose(user string, platform int) (Variant, Rule, *Package) {
	if r.Missing {
		return Unavailable, Unreadable, nil
	}
	rule := Everyone
	if why, entitled := r.entitles(user); entitled {
		if r.Candidate.runsOn(platform) {
			return Candidate, why, r.Candidate
		}
		rule = Platform
	}
	for i := range r.Live {
		if r.Live[i].runsOn(platform) {
			return Live, rule, &r.Live[i]
		}
		rule = Platform
	}
	switch {
	case !r.served():
		return Unavailable, NothingServed, nil
	case rule == Everyone:
		return Unavailable, OutsideCohort, nil
	default:
		return Unavailable, Platform, nil
	}
}

// entitles tells whether the user is among those who get the candidate, and why.
func (r *release) entitles(user string) (why Rule, entitled bool) {
	if r.Candidate == nil {
		return "", false
	}
	if _, tester := slices.BinarySearch(r.Testers, user); tester {
		return Tester, true
	}
	return Cohort, lifecycle.InCohort(r.ID, r.Candidate.Version, user, r.Percent)
}
