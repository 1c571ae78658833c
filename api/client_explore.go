package api

import (
	"context"
	"net/http"
)

// ClassifyItems calls POST …/classify.
func (c *Client) ClassifyItems(ctx context.Context, collection string, req ClassifyItemsRequest) (ClassifyItemsResponse, error) {
	return call[ClassifyItemsResponse](ctx, c, http.MethodPost, collectionPath(collection, "classify"), req)
}

// Clusters calls POST …/clusters.
func (c *Client) Clusters(ctx context.Context, collection string, req ClustersRequest) (ClustersResponse, error) {
	return call[ClustersResponse](ctx, c, http.MethodPost, collectionPath(collection, "clusters"), req)
}

// Map calls POST …/map.
func (c *Client) Map(ctx context.Context, collection string, req MapRequest) (MapResponse, error) {
	return call[MapResponse](ctx, c, http.MethodPost, collectionPath(collection, "map"), req)
}
