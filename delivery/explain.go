package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"slipway/catalog"
	"slipway/lifecycle"
)

// Explanation says which version a user gets, or got, and why.
type Explanation struct {
	MiniProgram string `json:"mini_program"`
	User        string `json:"user"`
	// PlatformVersion is nil when the host app does not tell it.
	PlatformVersion *int `json:"platform_version,omitempty"`

	Available bool    `json:"available"`
	Version   string  `json:"version,omitempty"`
	SHA256    string  `json:"sha256,omitempty"`
	Variant   Variant `json:"variant"`
	Reason    string  `json:"reason"`
	Rule      Rule    `json:"rule"`
	// Because words the rule for a person.
	Because string `json:"because"`

	// Rollout is set when a candidate was in a rollout.
	Rollout *Place `json:"rollout,omitempty"`
	// Record is the accepted action after which it was so.
	Record lifecycle.Transition `json:"record"`
}

// Place is where a user stands in a rollout.
type Place struct {
	Candidate string `json:"candidate"`
	// Percent of all users get the candidate: those whose Bucket is below it.
	Percent lifecycle.Percent `json:"percent"`
	Bucket  lifecycle.Percent `json:"bucket"`
	Tester  bool              `json:"tester"`
}

// Trail is the audit trail: a *catalog.Catalog, or what somebody may see of it.
type Trail interface {
	Audit(ctx context.Context, id string, before int64, limit int) ([]catalog.AuditEntry, error)
}

// trailPage is how many records are read at a time.
const trailPage = 100

// RecordAt reads the record of the mini-program that was the last one at the time. The error is catalog.ErrNotFound when
// there was none yet.
func RecordAt(ctx context.Context, trail Trail, id string, at time.Time) (lifecycle.Record, error) {
	for before := int64(0); ; {
		entries, err := trail.Audit(ctx, id, before, trailPage)
		if err != nil {
			return lifecycle.Record{}, err
		}
		for _, entry := range entries {
			if entry.Err != nil {
				return lifecycle.Record{}, entry.Err
			}
			if !entry.Record.At.After(at) {
				return entry.Record, nil
			}
			before = entry.Change
		}
		if len(entries) < trailPage {
			return lifecycle.Record{}, fmt.Errorf("record of mini-program %q at %s: %w", id, at.UTC().Format(time.RFC3339), catalog.ErrNotFound)
		}
	}
}

// ExplainAt explains what a user got at a time, from the audit trail; the zero time is now. The error is a *lifecycle.Refusal
// when there was no such mini-program, or the time is in the future, of which nothing is known.
func ExplainAt(ctx context.Context, trail Trail, id string, at time.Time, user string, platform int) (Explanation, error) {
	now := time.Now()
	if at.IsZero() {
		at = now
	}
	if at.After(now) {
		return Explanation{}, lifecycle.Refuse(lifecycle.InvalidInput,
			"%s is in the future, and what users will get then is not known; give a time in the past, or none for now",
			at.UTC().Format(time.RFC3339))
	}
	record, err := RecordAt(ctx, trail, id, at)
	if errors.Is(err, catalog.ErrNotFound) {
		return Explanation{}, lifecycle.Refuse(lifecycle.UnknownMiniProgram,
			"there was no mini-program %q at %s", id, at.UTC().Format(time.RFC3339))
	}
	if err != nil {
		return Explanation{}, err
	}
	if record.Restored && record.Serving.Live == nil && record.Serving.Candidate == nil {
		return Explanation{}, lifecycle.Refuse(lifecycle.InvalidInput,
			"what users got of %q at %s is not known: the catalogue had lost it, and only the actions could be restored", id,
			at.UTC().Format(time.RFC3339))
	}
	return Explain(id, record, user, platform)
}

// Explain decides as a Snapshot does, from what users got after the record. platform is AnyPlatform when the host app does
// not tell it.
func Explain(id string, record lifecycle.Record, user string, platform int) (Explanation, error) {
	r, err := newRelease(id, 0, record.Serving)
	if err != nil {
		return Explanation{}, fmt.Errorf("revision %d of %s: %w", record.Revision, id, err)
	}
	d := r.decide(user, platform)
	e := Explanation{
		MiniProgram: id, User: user, Available: d.Package != nil, Variant: d.Variant, Reason: d.Rule.Reason(), Rule: d.Rule,
		Record: record.Transition,
	}
	if e.Available {
		e.Version, e.SHA256 = d.Package.Version, d.Package.SHA256.String()
	}
	if platform != AnyPlatform {
		e.PlatformVersion = &platform
	}
	if r.Candidate != nil {
		why, _ := r.entitles(user)
		bucket := lifecycle.Bucket(id, r.Candidate.Version, user)
		e.Rollout = &Place{r.Candidate.Version, r.Percent, bucket, why == Tester}
	}
	e.Because = e.because(r)
	return e, nil
}

func (e Explanation) because(r *release) string {
	switch e.Rule {
	case Tester:
		return fmt.Sprintf("%s is a tester of the candidate %s", e.User, e.Version)
	case Cohort:
		return fmt.Sprintf("the candidate %s is for %s of the users, and %s", e.Version, r.Percent, e.place("below"))
	case Everyone:
		return e.becauseLive()
	case Platform:
		return e.becausePlatform(r)
	case OutsideCohort:
		return fmt.Sprintf("no version is live yet, the candidate %s is for %s of the users, and %s", r.Candidate.Version, r.Percent,
			e.place("not below"))
	default:
		return fmt.Sprintf("nothing is served in state %s", e.Record.To)
	}
}

func (e Explanation) place(where string) string {
	return fmt.Sprintf("the place of %s among them, %s, is %s that", e.User, e.Rollout.Bucket, where)
}

func (e Explanation) becauseLive() string {
	if e.Rollout == nil {
		return fmt.Sprintf("%s is live for everyone", e.Version)
	}
	return fmt.Sprintf("%s is live for all whom the candidate %s is not for: it is for %s of the users, and %s", e.Version,
		e.Rollout.Candidate, e.Rollout.Percent, e.place("not below"))
}

// becausePlatform names the version that is withheld: the candidate if the user is entitled to it, else the live one.
func (e Explanation) becausePlatform(r *release) string {
	withheld := r.Candidate
	if _, entitled := r.entitles(e.User); !entitled {
		withheld = &r.Live[0]
	}
	instead := "no other version runs there"
	if e.Available {
		instead = fmt.Sprintf("%s is the newest live version that does", e.Version)
	}
	return fmt.Sprintf("%s needs platform version %d, more than %d; %s", withheld.Version, withheld.MinPlatform, *e.PlatformVersion, instead)
}
