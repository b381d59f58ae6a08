package lifecycle

import "github.com/cespare/xxhash/v2"

// Bucket places a user among the 10,000 equal cohorts of a version, from 0 to 9999. The same user has the same bucket
// on every machine and after every restart; other versions and other mini-programs shuffle users independently.
func Bucket(miniProgram, version, user string) Percent {
	var room [128]byte // on the stack: host apps ask this for every user and every mini-program
	key := append(room[:0], miniProgram...)
	key = append(key, 0)
	key = append(key, version...)
	key = append(key, 0)
	key = append(key, user...)
	return Percent(xxhash.Sum64(key) % uint64(Everyone))
}

// InCohort tells whether a user is among the first percent of users to get the version. Raising the percentage only
// adds users, lowering it only removes those last added.
func InCohort(miniProgram, version, user string, percent Percent) bool {
	return Bucket(miniProgram, version, user) < percent
}
