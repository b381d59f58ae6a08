package packages_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/packages"
)

const maxMemory = 64 << 20 // bytes that the inspection of any package may need

// bombs are packages made to exhaust whoever reads them, each within the limits as far as it gets.
var bombs = map[string]func(t testing.TB) []byte{
	"names that are long and differ": func(t testing.TB) []byte {
		return manyNames(t, func(i int) string { return fmt.Sprintf("%s%d.js", strings.Repeat("N", 190), i) })
	},
	"names deep in folders": func(t testing.TB) []byte {
		return manyNames(t, func(i int) string { return strings.Repeat(fmt.Sprintf("%dN/", i), 31) + "a.js" })
	},
	"names that grow when folded": func(t testing.TB) []byte {
		return manyNames(t, func(i int) string { return fmt.Sprintf("%s%d.js", strings.Repeat("\u0390", 40), i) })
	},
	"names that are all the same when folded": func(t testing.TB) []byte {
		return manyNames(t, func(i int) string { return fmt.Sprintf("%0*b.js", 14, i) })
	},
	"files that unpack to all that is allowed": func(t testing.TB) []byte {
		return bulk(t, 199, func(i int) string { return fmt.Sprintf("common/%d.js", i) }, strings.Repeat("\x00", 1<<20))
	},
	"files that share what unpacks to nothing": func(t testing.TB) []byte {
		nothing := rawEntry{name: "a.js", packed: []byte(strings.Repeat("\x00\x00\x00\xff\xff", 2<<20) + "\x03\x00")}
		entries := []rawEntry{nothing}
		nothing.shareWith = 1
		return rawZip(append(entries, slices.Repeat([]rawEntry{nothing}, 9000)...)...)
	},
	"localization files as large and as deep as allowed": func(t testing.TB) []byte {
		return bulk(t, 12, func(i int) string { return fmt.Sprintf("i18n/x-%d.json", i) },
			`[`+strings.Repeat(strings.Repeat(`{"a":`, 60)+`1`+strings.Repeat(`}`, 60)+`,`, 800)+`1]`, rawWeather(t)...)
	},
	"a manifest full of lists":         manifest(`{"pages": [` + strings.Repeat(`[],`, 49_000) + `1]}`),
	"a manifest full of members twice": manifest(`{` + strings.Repeat(`"a":1,`, 49_000) + `"a":1}`),
	"a manifest full of icons":         manifest(`{"icons": [` + strings.Repeat(`{"src":1},`, 24_000) + `1]}`),
	"a manifest full of pages that are not there": func(t testing.TB) []byte {
		var routes strings.Builder
		for i := range 40_000 {
			fmt.Fprintf(&routes, `"p/%d/a",`, i)
		}
		return bulk(t, 4900, func(i int) string { return fmt.Sprintf("pages/%d/a.html", i) }, "", rawEntry{name: "manifest.json", content: `{"pages": [` + routes.String() + `1]}`})
	},
	"subpackages in each other": func(t testing.TB) []byte {
		return rawZip(rawEntry{name: "app.json", content: `{"pages": ["a"], "subPackages": [` + strings.Repeat(`{"root":"a","pages":["b"]},`, 12_000) + `1]}`})
	},
	"components that are not there": func(t testing.TB) []byte {
		var components strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&components, `"c%d": "%sa",`, i, strings.Repeat("../", 2))
		}
		return rawZip(rawEntry{name: strings.Repeat("d/", 30) + "app.js"}, rawEntry{name: "app.json", content: `{"pages": ["a"], "usingComponents": {` + components.String() + `"x": "a"}}`})
	},
	"tabs and pages without number": func(t testing.TB) []byte {
		return rawZip(rawEntry{name: "app.json", content: `{"pages": [` + strings.Repeat(`"aaaa",`, 20_000) + `"a"], "tabBar": {"list": [` + strings.Repeat(`{"pagePath":"aaab"},`, 12_000) + `1]}}`})
	},
	"permissions without number": func(t testing.TB) []byte {
		return rawZip(rawEntry{name: "app.json", content: `{"pages": ["a"], "requiredPrivateInfos": [` + strings.Repeat(`"getLocation",`, 30_000) + `"getFuzzyLocation"]}`})
	},
	"page settings deep in folders and full of components": func(t testing.TB) []byte {
		var routes, components strings.Builder
		deep := strings.Repeat("miniprogram_npm/", 28)
		for i := range 10 {
			fmt.Fprintf(&routes, `"%s%d",`, deep, i)
		}
		for i := range 6000 {
			fmt.Fprintf(&components, `"%d": "%d",`, i, i)
		}
		return bulk(t, 10, func(i int) string { return fmt.Sprintf("%s%d.json", deep, i) }, `{"usingComponents": {`+components.String()+`"x": "x"}}`,
			rawEntry{name: "app.json", content: `{"pages": [` + routes.String() + `"a"]}`})
	},
	"many files of nothing but domains": func(t testing.TB) []byte {
		var entries []rawEntry
		for i := range 150 {
			var hosts strings.Builder
			for j := range 1000 {
				fmt.Fprintf(&hosts, "ws://%d%s%d.x ", i, strings.Repeat("x", 480), j)
			}
			entries = append(entries, rawEntry{name: fmt.Sprintf("common/%d.js", i), content: hosts.String()})
		}
		return plus(t, entries...)
	},
	"a file of nothing but domains": func(t testing.TB) []byte {
		return weather(t, with("common/hosts.js", manyHosts(100_000)))
	},
	"a file of nothing but the beginnings of URLs": func(t testing.TB) []byte {
		return weather(t, with("common/hosts.js", strings.Repeat("http://", 1<<20)+noise(64<<10)))
	},
}

func TestNoPackageNeedsMuchMemoryOrTime(t *testing.T) {
	for what, bomb := range bombs {
		t.Run(what, func(t *testing.T) {
			data := bomb(t)
			begin := time.Now()
			peak := peakMemory(func() {
				inspect(t, data, packages.Options{Version: "1.0.0"})
			})
			took := time.Since(begin)
			t.Logf("%d bytes: %d KiB, %v", len(data), peak>>10, took)
			assert.Less(t, peak, uint64(maxMemory))
			assert.Less(t, took, time.Minute, "some bound, so that nothing grows with the square of its size")
		})
	}
}

func manyNames(t testing.TB, name func(int) string) []byte {
	return bulk(t, 9900, name, "")
}

// bulk packs many files of the same content.
func bulk(t testing.TB, count int, name func(int) string, content string, others ...rawEntry) []byte {
	t.Helper()
	packed := rawEntry{content: content}.filled()
	entries := others
	for i := range count {
		entries = append(entries, rawEntry{name: name(i), packed: packed.packed, crc: packed.crc, size: packed.size, flags: 1 << 11})
	}
	return rawZip(entries...)
}

// peakMemory returns the most bytes of heap in use while f ran, garbage not yet collected included, above those before.
func peakMemory(f func()) uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	before, peak := sample[0].Value.Uint64(), uint64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-done:
				return
			case <-ticker.C:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return peak - min(before, peak)
}

func TestAcceptedPackagesAreReadTheSameByOthers(t *testing.T) {
	for _, data := range [][]byte{weather(t), coffee(t), largeProgram(t, 20)} {
		assert.True(t, inspect(t, data, packages.Options{Version: "1.0.0"}).Accepted())
		agreesWithOtherReaders(t, data)
	}
}
