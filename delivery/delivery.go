// Package delivery tells host apps which version of a mini-program a user gets, and hands out the packages.
//
// It answers from memory: from a Snapshot of the catalogue that follows every change, and stays as it is while the
// database, the worker or Temporal are down. Host apps ask by the OpenFeature Remote Evaluation Protocol (OFREP)
// 0.3.0, https://github.com/open-feature/protocol.
package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
)

// AnyPlatform is the platform version of a user whose host app does not tell it: every package runs there.
const AnyPlatform = math.MaxInt

// Variant says which of the versions it is.
type Variant string

const (
	// Candidate is the version in a rollout.
	Candidate Variant = "candidate"
	// Live is the version for everyone, or an earlier one for users with an older platform.
	Live Variant = "live"
	// Unavailable is no version at all.
	Unavailable Variant = "unavailable"
)

// Rule is what decided which version a user gets.
type Rule string

const (
	// Tester: the user is named in the rollout plan and gets the candidate.
	Tester Rule = "tester"
	// Cohort: the user belongs to the percentage that gets the candidate.
	Cohort Rule = "cohort"
	// Preview: the user's device has a preview of the candidate.
	Preview Rule = "preview"
	// Everyone: the live version is for everyone.
	Everyone Rule = "everyone"
	// Platform: the user's platform is too old for the version that it would be otherwise, so it is an earlier live
	// version, or none.
	Platform Rule = "platform"
	// OutsideCohort: there is no live version yet, and the user does not belong to those who get the candidate.
	OutsideCohort Rule = "outside-cohort"
	// NothingServed: the mini-program was not released yet, or was taken offline.
	NothingServed Rule = "nothing-served"
	// Unreadable: the stored release cannot be read, and no earlier value of it is known.
	Unreadable Rule = "unreadable"
	// Unknown: there is no such mini-program.
	Unknown Rule = "unknown"
)

// Reason is the OpenFeature resolution reason that a rule amounts to; "" for Unreadable and Unknown, which are errors.
func (r Rule) Reason() string {
	switch r {
	case Tester, Platform, Preview:
		return "TARGETING_MATCH"
	case Cohort, OutsideCohort:
		return "SPLIT"
	case Everyone:
		return "STATIC"
	case NothingServed:
		return "DISABLED"
	default:
		return ""
	}
}

// Decision is which version a user gets.
type Decision struct {
	Variant Variant
	Rule    Rule
	// Package is that of the version; nil when it is Unavailable. It is shared: do not change it.
	Package *Package
	// Change is the number of the change in the catalogue since which users get what they get.
	Change int64
}

// Package is a version as users get it.
type Package struct {
	Version string
	SHA256  SHA256
	// MinPlatform is the platform version that it needs, 0 for any.
	MinPlatform int
}

func (p *Package) runsOn(platform int) bool { return p.MinPlatform <= platform }

// SHA256 names a package by its content.
type SHA256 [sha256.Size]byte

// ParseSHA256 reads 64 lower-case hexadecimal digits. A start may ask for a million: it does not allocate, and does not take upper case,
// as encoding/hex does.
func ParseSHA256(text string) (sum SHA256, ok bool) {
	if len(text) != hex.EncodedLen(len(sum)) {
		return sum, false
	}
	for i := range sum {
		high, low := digit(text[2*i]), digit(text[2*i+1])
		if high|low > 0xf {
			return SHA256{}, false
		}
		sum[i] = high<<4 | low
	}
	return sum, true
}

// digit is the value of a hexadecimal digit, and more than 15 of anything else.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	default:
		return 0xff
	}
}

func (s SHA256) String() string { return hex.EncodeToString(s[:]) }
