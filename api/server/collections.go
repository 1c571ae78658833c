package server

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// collections answers GET /v1/collections.
func (s *Server) collections(c echo.Context) error {
	list, err := s.listCollections(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) listCollections(ctx context.Context) (api.CollectionList, error) {
	list := api.CollectionList{Collections: []space.Description{}}
	listings, err := s.deps.Library.List(ctx)
	if err != nil {
		return list, err
	}
	for _, l := range listings {
		if l.Err != nil {
			list.Broken = append(list.Broken, api.BrokenCollection{Name: l.Name, Error: *detail(l.Name, l.Err)})
			continue
		}
		list.Collections = append(list.Collections, l.Description)
	}
	return list, nil
}

// createCollection answers POST /v1/collections.
func (s *Server) createCollection(c echo.Context) error {
	req, err := readJSON[api.CreateCollection](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	made, err := s.deps.Library.Create(ctx, req.Name, catalog.Settings{})
	if err != nil {
		return about("name", req.Name, err)
	}
	description, err := made.Describe(ctx)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, description)
}

// collection answers GET /v1/collections/{collection}.
func (s *Server) collection(c echo.Context) error {
	found, _, err := s.find(c)
	if err != nil {
		return err
	}
	description, err := found.Describe(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, description)
}

// deleteCollection answers DELETE /v1/collections/{collection}.
func (s *Server) deleteCollection(c echo.Context) error {
	name, err := param(c, "collection")
	if err != nil {
		return err
	}
	if err := s.deps.Library.Drop(c.Request().Context(), name); err != nil {
		return about("collection", name, err)
	}
	return c.NoContent(http.StatusNoContent)
}

// find is the collection that the path names, and its name.
func (s *Server) find(c echo.Context) (*catalog.Catalog, string, error) {
	name, err := param(c, "collection")
	if err != nil {
		return nil, "", err
	}
	found, err := s.deps.Library.Collection(c.Request().Context(), name)
	if err != nil {
		return nil, name, about("collection", name, err)
	}
	return found, name, nil
}
