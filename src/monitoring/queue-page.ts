import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { FastifyAdapter } from '@bull-board/fastify'
import type { Queue } from 'bullmq'

/**
 * The page that shows the queues and their jobs. It has no credential of its own: whoever mounts it asks for one.
 * Payloads carry ids only, so the page shows nobody’s data.
 *
 * @returns the plugin of the server that mounts it under `basePath`
 */
export function createQueuePage(queues: readonly Queue[], basePath: string) {
  const serverAdapter = new FastifyAdapter()
  serverAdapter.setBasePath(basePath)
  const options = { uiConfig: { boardTitle: 'Assay' } }
  createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter, options })
  return serverAdapter.registerPlugin()
}
