package server

import (
	"bytes"
	_ "embed" // the document
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"
)

// openapiSource is the OpenAPI 3.1 document, written by hand; tests hold it against the routes and their answers.
//
//go:embed openapi.yaml
var openapiSource []byte

//go:embed docs.html
var docsTemplate string

// docsPolicy lets the page of the API show itself and run nothing.
const docsPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// openapi is the document in the two forms in which it is served.
type openapi struct {
	jsonBytes []byte
	pageBytes []byte
}

// document prepares the OpenAPI document once.
func (s *Server) document() (*openapi, error) {
	var content map[string]any
	if err := yaml.Unmarshal(openapiSource, &content); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	if info, ok := content["info"].(map[string]any); ok && s.deps.Facts.Version != "" {
		info["version"] = s.deps.Facts.Version
	}
	data, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	page, err := docsPage(openapiSource)
	if err != nil {
		return nil, err
	}
	return &openapi{jsonBytes: data, pageBytes: page}, nil
}

func (o *openapi) json(c echo.Context) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, o.jsonBytes)
}

func (o *openapi) page(c echo.Context) error {
	c.Response().Header().Set("Content-Security-Policy", docsPolicy)
	return c.HTMLBlob(http.StatusOK, o.pageBytes)
}

// docOperation is one route as the page shows it.
type docOperation struct {
	Method, Path         string
	Summary, Description string
	Parameters           []docParameter
	Request              []docContent
	Responses            []docResponse
}

type docParameter struct{ Name, In, Description string }

type docContent struct{ Type, Schema, Example string }

type docResponse struct {
	Status, Description string
	Content             []docContent
}

type docSchema struct{ Name, Description, Body string }

type docGroup struct {
	Name, Description string
	Operations        []docOperation
}

// docsPage renders the document: operations by tag, in the order in which they are written.
func docsPage(source []byte) ([]byte, error) {
	var doc spec
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	groups, err := doc.groups()
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	schemas, err := doc.schemas()
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	page, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Info": doc.Info, "Groups": groups, "Schemas": schemas})
	return out.Bytes(), err
}

// spec is what the page needs of the document. Nodes keep the order that maps would lose.
type spec struct {
	Info struct{ Title, Description string }
	Tags []struct{ Name, Description string }

	Paths      yaml.Node
	Components struct{ Schemas yaml.Node }
}

type specOperation struct {
	Tags                 []string
	Summary, Description string
	Parameters           []specParameter
	RequestBody          struct {
		Content map[string]specMedia
	} `yaml:"requestBody"`
	Responses yaml.Node
}

type specParameter struct {
	Ref         string `yaml:"$ref"`
	Name, In    string
	Description string
}

type specMedia struct {
	Schema  yaml.Node
	Example any
}

type specResponse struct {
	Ref         string `yaml:"$ref"`
	Description string
	Content     map[string]specMedia
}

func (doc *spec) groups() ([]docGroup, error) {
	groups := make([]docGroup, len(doc.Tags))
	for i, tag := range doc.Tags {
		groups[i] = docGroup{Name: tag.Name, Description: tag.Description}
	}
	err := eachPair(&doc.Paths, func(path string, item *yaml.Node) error {
		return eachPair(item, func(method string, node *yaml.Node) error {
			if method == "parameters" {
				return nil
			}
			var op specOperation
			if err := node.Decode(&op); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
			i := slices.IndexFunc(groups, func(g docGroup) bool { return slices.Contains(op.Tags, g.Name) })
			if i < 0 {
				return fmt.Errorf("%s %s: no known tag in %v", method, path, op.Tags)
			}
			shown, err := op.show(strings.ToUpper(method), path)
			groups[i].Operations = append(groups[i].Operations, shown)
			return err
		})
	})
	return groups, err
}

func (op specOperation) show(method, path string) (docOperation, error) {
	out := docOperation{Method: method, Path: path, Summary: op.Summary, Description: op.Description}
	for _, p := range op.Parameters {
		if p.Ref == "" { // shared ones are those of the path, which explain themselves
			out.Parameters = append(out.Parameters, docParameter{p.Name, p.In, p.Description})
		}
	}
	out.Request = showContent(op.RequestBody.Content)
	err := eachPair(&op.Responses, func(status string, node *yaml.Node) error {
		var response specResponse
		if err := node.Decode(&response); err != nil {
			return err
		}
		if response.Ref == "" {
			out.Responses = append(out.Responses, docResponse{status, response.Description, showContent(response.Content)})
		}
		return nil
	})
	return out, err
}

func showContent(content map[string]specMedia) []docContent {
	var out []docContent
	for kind, media := range content {
		shown := docContent{Type: kind, Schema: schemaName(&media.Schema)}
		if media.Example != nil {
			if data, err := json.MarshalIndent(media.Example, "", "  "); err == nil {
				shown.Example = string(data)
			}
		}
		out = append(out, shown)
	}
	slices.SortFunc(out, func(a, b docContent) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// schemaName is the last part of a $ref; empty for a schema written in place.
func schemaName(schema *yaml.Node) string {
	var named struct {
		Ref string `yaml:"$ref"`
	}
	if schema.Decode(&named) != nil {
		return ""
	}
	return strings.TrimPrefix(named.Ref, "#/components/schemas/")
}

func (doc *spec) schemas() ([]docSchema, error) {
	var out []docSchema
	err := eachPair(&doc.Components.Schemas, func(name string, node *yaml.Node) error {
		var described struct{ Description string }
		if err := node.Decode(&described); err != nil {
			return err
		}
		body, err := yaml.Marshal(node)
		out = append(out, docSchema{Name: name, Description: described.Description, Body: string(body)})
		return err
	})
	return out, err
}

// eachPair walks a mapping in the order in which it is written.
func eachPair(node *yaml.Node, do func(key string, value *yaml.Node) error) error {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if err := do(node.Content[i].Value, node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}
