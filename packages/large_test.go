package packages_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The large mini-program is like the largest real ones: 3,000 files, 400 pages in subpackages, close to 20 MiB packed,
// half of it images, the rest code.
const (
	largePages      = 400
	largeModules    = 1620
	largeImages     = 176
	largeImageBytes = 50 << 10
	pagesPerPart    = 40
)

// largeProgram packs the large mini-program, its files made smaller by a factor; the same bytes every time.
func largeProgram(t testing.TB, smaller int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	random := rand.New(rand.NewPCG(1, 2))
	add := func(name string, method uint16, content []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	text := func(name string, size int) { add(name, zip.Deflate, code(random, size/smaller)) }

	manifest := map[string]any{"pages": []string{"pages/home/home"}}
	parts := map[int][]string{}
	text("app.js", 4000)
	text("pages/home/home.js", 9000)
	text("pages/home/home.wxml", 9000)
	for i := range largePages {
		page := fmt.Sprintf("page%d/page%d", i, i)
		parts[i/pagesPerPart] = append(parts[i/pagesPerPart], page)
		stem := fmt.Sprintf("part%d/%s", i/pagesPerPart, page)
		text(stem+".js", 1000+random.IntN(30_000))
		text(stem+".wxml", 500+random.IntN(12_000))
		add(stem+".json", zip.Deflate, []byte(`{"navigationBarTitleText": "Page"}`))
	}
	for i := range largeModules {
		text(fmt.Sprintf("part%d/modules/module%d.js", i%(largePages/pagesPerPart), i), 1000+random.IntN(30_000))
	}
	for i := range largeImages {
		image := make([]byte, largeImageBytes/smaller)
		fill(random, image)
		add(fmt.Sprintf("part%d/images/image%d.png", i%(largePages/pagesPerPart), i), zip.Store, image)
	}
	var list []any
	for i := range len(parts) {
		list = append(list, map[string]any{"root": fmt.Sprintf("part%d", i), "pages": parts[i]})
	}
	manifest["subPackages"] = list
	appJSON, err := json.Marshal(manifest)
	require.NoError(t, err)
	add("app.json", zip.Deflate, appJSON)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func fill(random *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(random.Uint32())
	}
}

// code is text that packs about as well as JavaScript does.
func code(random *rand.Rand, size int) []byte {
	words := strings.Fields("const let function return this.setData if else for of await async require module.exports data options " +
		"request success fail url method header token user order item list index price total name title image detail")
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "  %s %s%d = %s(%q, %d);\n", words[random.IntN(len(words))], words[random.IntN(len(words))], random.IntN(10_000),
			words[random.IntN(len(words))], words[random.IntN(len(words))], random.IntN(1_000_000))
	}
	return b.Bytes()[:size]
}
