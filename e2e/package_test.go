package e2e

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"slipway/lifecycle"
	"slipway/packages"
)

// biggest is a package as large, packed and unpacked, as an accepted one can be.
func biggest(t *testing.T) []byte {
	const modules = 9
	limits := packages.DefaultLimits
	module := code(int(limits.FileBytes))
	deflated := compressed(t, module)
	files := map[string]string{"app.json": `{"pages":["home"]}`, "app.js": "App({})", "home.js": "Page({})", "home.wxml": "<view/>"}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, content := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(content))
		require.NoError(t, err)
	}
	for i := range modules {
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: fmt.Sprintf("module%d.js", i), Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(module),
			CompressedSize64: uint64(len(deflated)), UncompressedSize64: uint64(len(module)),
		})
		require.NoError(t, err)
		_, err = f.Write(deflated)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
	const directory = 4 << 10 // bytes left for what follows the last file
	image := make([]byte, int(limits.PackageBytes)-packed.Len()-directory)
	_, _ = rand.NewChaCha8([32]byte{}).Read(image)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "image.png", Method: zip.Store})
	require.NoError(t, err)
	_, err = f.Write(image)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.Bytes()
}

func code(size int) []byte {
	var text bytes.Buffer
	for random := rand.New(rand.NewPCG(1, 2)); text.Len() < size; {
		fmt.Fprintf(&text, "  this.setData({ item: options.data.items[%d].title.trim().toLowerCase().replace(' ', '-') });\n", random.IntN(100_000))
	}
	return text.Bytes()[:size]
}

func compressed(t *testing.T, content []byte) []byte {
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return deflated.Bytes()
}

// answered is the number of the change that answered each of the requests, of those that were answered.
func (p *platform) answered(requestIDs []string) map[string]int64 {
	changes, err := p.catalog.ChangesSince(p.t.Context(), 0, 1000)
	require.NoError(p.t, err)
	numbers := map[string]int64{}
	for _, change := range changes {
		if change.Outcome != nil && slices.Contains(requestIDs, change.Outcome.RequestID) {
			numbers[change.Outcome.RequestID] = change.Number
		}
	}
	return numbers
}

func TestBigPackagesDoNotHoldUpTheAnswersToOtherActions(t *testing.T) {
	p := running(t)
	same, other := p.request("big-packages"), p.request("beside-them")
	small := p.upload()
	upload := func(sha256, version string) func(*lifecycle.Command) {
		return func(c *lifecycle.Command) { c.Package = &lifecycle.Package{Version: version, SHA256: sha256} }
	}
	p.do(same, lifecycle.UploadCode, developer, upload(small, "1.0.0"))
	big, size, err := p.store.Put(t.Context(), bytes.NewReader(biggest(t)))
	require.NoError(t, err)
	require.Greater(t, size, int64(19<<20))

	send := func(id string, action lifecycle.Action, requestID string, fill ...func(*lifecycle.Command)) {
		command := lifecycle.Command{Action: action, Actor: developer, RequestID: requestID}
		for _, f := range fill {
			f(&command)
		}
		require.NoError(t, p.client.Signal(t.Context(), id, command))
	}
	bigOnes := []string{"2.0.0", "2.0.1", "2.0.2", "2.0.3"}
	for _, version := range bigOnes {
		send(same, lifecycle.UploadCode, version, upload(big, version))
	}
	others := []string{"request", "cancel", "refused", "beside"}
	send(same, lifecycle.RequestPublishing, "request")
	send(same, lifecycle.CancelPublishing, "cancel")
	send(same, lifecycle.Publish, "refused")
	send(other, lifecycle.UploadCode, "beside", upload(small, "1.0.0"))

	p.eventually("all are answered", func() bool { return len(p.answered(append(others, bigOnes...))) == len(others)+len(bigOnes) })
	first := slices.Min(slices.Collect(maps.Values(p.answered(bigOnes))))
	for requestID, number := range p.answered(others) {
		assert.Less(t, number, first, "%q is answered while the big packages are inspected", requestID)
	}
	assert.Equal(t, big, p.status(same).Candidate.SHA256)
}
