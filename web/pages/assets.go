package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"

	"github.com/gin-gonic/gin"

	"slipway/web/service"
)

//go:embed assets
var assetFiles embed.FS

// assets are the files that pages load, by the name under which they are served: it changes with the content, so that
// browsers may keep them for ever.
type assets struct {
	content map[string][]byte
	served  map[string]string // by file name
}

func newAssets() (assets, error) {
	a := assets{map[string][]byte{}, map[string]string{}}
	files, err := assetFiles.ReadDir("assets")
	if err != nil {
		return a, err
	}
	for _, file := range files {
		content, err := assetFiles.ReadFile("assets/" + file.Name())
		if err != nil {
			return a, err
		}
		sum := sha256.Sum256(content)
		extension := path.Ext(file.Name())
		served := fmt.Sprintf("%s-%s%s", file.Name()[:len(file.Name())-len(extension)], hex.EncodeToString(sum[:6]), extension)
		a.content[served], a.served[file.Name()] = content, "/assets/"+served
	}
	return a, nil
}

func (a assets) url(file string) string { return a.served[file] }

func (a assets) file(file string) []byte { return a.content[path.Base(a.served[file])] }

func (a assets) serve(c *gin.Context) {
	name := path.Base(c.Param("file"))
	content, ok := a.content[name]
	if !ok {
		c.String(http.StatusNotFound, service.ErrNoRoute.Error())
		return
	}
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Data(http.StatusOK, mime.TypeByExtension(path.Ext(name)), content)
}
