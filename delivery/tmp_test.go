package delivery
import ("testing";"fmt";"slices";"slipway/lifecycle";"github.com/cespare/xxhash/v2")
func BenchmarkHot(b *testing.B) {
	for _, n := range []int{1, 1000} {
		s := open(b, filled(b, 1000, 3), Options{})
		ids := make([]string, n)
		for i := range ids { ids[i] = fmt.Sprintf("program-%d", i) }
		b.Run(fmt.Sprintf("evaluate-%d", n), func(b *testing.B) { i:=0; for b.Loop() { s.Evaluate(ids[i], "user-4711", 12); i++; if i==n {i=0} } })
		b.Run(fmt.Sprintf("find-%d", n), func(b *testing.B) { i:=0; for b.Loop() { s.find(ids[i]); i++; if i==n {i=0} } })
	}
	r := rollout(b, "program-7", "1.1.0", 500, "tester-1", "tester-2")
	b.Run("decide", func(b *testing.B) { for b.Loop() { r.decide("user-4711", 12) } })
	b.Run("entitles", func(b *testing.B) { for b.Loop() { r.entitles("user-4711") } })
}
func BenchmarkHotParts(b *testing.B) {
	r := rollout(b, "program-7", "1.1.0", 500, "tester-1", "tester-2")
	b.Run("bucket", func(b *testing.B) { for b.Loop() { lifecycle.InCohort("program-7", "1.1.0", "user-4711", 500) } })
	b.Run("search", func(b *testing.B) { for b.Loop() { slices.BinarySearch(r.Testers, "user-4711") } })
	b.Run("gives", func(b *testing.B) { for b.Loop() { r.gives(r.Candidate, Live, Everyone) } })
	b.Run("hash", func(b *testing.B) { for b.Loop() { xxhash.Sum64String("program-7") } })
	m := map[string]*release{}
	for i := range 390 { m[fmt.Sprintf("program-%d", i)] = r }
	b.Run("map", func(b *testing.B) { for b.Loop() { _ = m["program-7"] } })
}
