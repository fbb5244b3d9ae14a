import { Controller, Get, Param } from '@nestjs/common';
import { type List, listOf, Node } from '@torii/contracts';
import { RequireScope } from '../auth/require-scope.decorator.js';
import { PageQuery } from '../http/query.js';
import { ParsedQuery } from '../http/request-context.js';
import { Operation } from '../openapi/operation.decorator.js';
import { NodesService } from './nodes.service.js';

@Controller('api/v1/nodes')
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Get()
  @RequireScope('nodes:read')
  @Operation({
    summary: 'List nodes',
    description: 'Every node heard of in the last hour. `state` is `applied` when it serves the newest revision.',
    query: PageQuery,
    answers: { 200: { description: 'A page of nodes, by id', schema: listOf(Node) } },
    problems: [503],
  })
  list(@ParsedQuery() query: PageQuery): Promise<List<Node>> {
    return this.nodes.list(query);
  }

  @Get(':id')
  @RequireScope('nodes:read')
  @Operation({ summary: 'Read a node', answers: { 200: { description: 'The node', schema: Node } }, problems: [404, 503] })
  get(@Param('id') id: string): Promise<Node> {
    return this.nodes.get(id);
  }
}
