-- Releases that were deleted while nothing but the audit told of them: their numbers are used too.
INSERT INTO "function_used_releases" ("function_id", "version", "workspace", "deleted_at")
SELECT a."entity_id", a."before" ->> 'version', a."workspace", max(a."at")
FROM "audit" a
JOIN "functions" f ON f."id" = a."entity_id"
WHERE a."entity_kind" = 'function' AND a."action" = 'delete'
  AND a."before" ->> 'buildId' IS NOT NULL AND a."before" ->> 'version' <> 'dev'
  -- One that was made again since then is noted when it is deleted.
  AND NOT EXISTS (SELECT 1 FROM "function_versions" v WHERE v."function_id" = a."entity_id" AND v."version" = a."before" ->> 'version')
GROUP BY a."entity_id", a."before" ->> 'version', a."workspace"
ON CONFLICT DO NOTHING;
