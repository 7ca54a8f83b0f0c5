import { describeBlobStore } from './blob-store.conformance.ts';
import { MemoryStore } from './memory-store.ts';

describeBlobStore('MemoryStore', async () => ({ store: new MemoryStore(), close: async () => {} }));
